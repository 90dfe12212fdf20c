// A strict peer: a module or device on rhea, an AMQP client of its own kind, driven and watched by a test. Steps as in
// amqp.py.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const readline = require('node:readline');
const rhea = require('rhea');

const { env } = process;
const text = env.EdgeHubConnectionString ?? env.IOTHUB_DEVICE_CONNECTION_STRING;
const given = Object.fromEntries(text.split(';').map((part) => part.split(/=(.*)/, 2)));
const ca = fs.readFileSync(env.EdgeModuleCACertificateFile ?? env.IOTEDGE_ROOT_CA_CERT_PATH);
const base = `/devices/${given.DeviceId}${given.ModuleId ? `/modules/${given.ModuleId}` : ''}`;
const incoming = given.ModuleId ? `${base}/messages/events` : `${base}/messages/devicebound`;

const tell = (event, facts) => console.log(JSON.stringify({ event, ...facts }));
const tellFailure = (step, error) => tell('failure', { step, message: String(error && (error.message ?? error.condition ?? error)) });
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

function token(seconds) {
  const resource = encodeURIComponent(`${given.HostName}${base}`);
  const expiry = Math.floor(Date.now() / 1000) + seconds;
  const key = Buffer.from(given.SharedAccessKey, 'base64');
  const signature = crypto.createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
}

async function connect() {
  const options = { host: given.GatewayHostName, port: 5671, transport: 'tls', reconnect: false, idle_time_out: 10000, ca };
  if (env.X509_CERT_FILE) {
    Object.assign(options, { cert: fs.readFileSync(env.X509_CERT_FILE), key: fs.readFileSync(env.X509_KEY_FILE) });
  }
  const connection = rhea.create_container().connect(options);
  connection.on('disconnected', ({ error }) => error && tellFailure('connection', error));
  connection.on('connection_error', () => tellFailure('connection', connection.error));
  await once(connection, 'connection_open');
  const peer = { connection };
  if (env.X509_CERT_FILE) {
    tell('connected', { status: null });
    return peer;
  }
  peer.cbs = { sender: connection.open_sender('$cbs'), receiver: connection.open_receiver('$cbs') };
  await once(peer.cbs.sender, 'sendable');
  const { status } = await putToken(peer.cbs, 3600);
  tell(status === 200 ? 'connected' : 'failure', { status });
  return peer;
}

async function close({ connection }) {
  connection.close();
  await once(connection, 'connection_close');
}

// Opens the two links of the twin, or of methods, at their first use.
async function pair(peer, address) {
  if (!peer[address]) {
    const sender = peer.connection.open_sender(base + address);
    const receiver = peer.connection.open_receiver(base + address);
    await Promise.all([once(sender, 'sendable'), once(receiver, 'receiver_open')]);
    peer[address] = { sender, receiver };
  }
  return peer[address];
}

const data = (text) => rhea.message.data_section(Buffer.from(text));

// Asks for the twin and awaits the answer: what has another id, or none, is a change.
async function ask(peer, annotations, body = '') {
  const { sender, receiver } = await pair(peer, '/twin');
  const id = rhea.generate_uuid().toString();
  const answered = once(receiver, 'message');
  sender.send({ correlation_id: id, message_annotations: annotations, body: data(body) });
  const { message } = await answered;
  // A refusal has no body.
  const text = message.body ? message.body.content.toString() : '';
  return { status: message.message_annotations.status, echoed: message.correlation_id === id, twin: text && JSON.parse(text) };
}

async function putToken(cbs, seconds) {
  const id = rhea.generate_uuid();
  const answered = once(cbs.receiver, 'message');
  cbs.sender.send({
    message_id: id,
    to: '$cbs',
    reply_to: 'cbs',
    application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: base },
    body: token(seconds),
  });
  const { message } = await answered;
  const echoed = message.correlation_id.toString() === id.toString();
  return { status: message.application_properties['status-code'], echoed };
}

const steps = {
  // token SECONDS: puts one that is good for so long.
  async token({ cbs }, seconds) {
    tell('token', await putToken(cbs, Number(seconds)));
  },

  // send COUNT: so many messages, each awaited.
  async send({ connection }, count) {
    const sender = connection.open_sender(`${base}/messages/events`);
    await once(sender, 'sendable');
    const outcomes = [];
    for (let n = 1; n <= Number(count); n += 1) {
      const settled = once(sender, 'settled');
      const [accepted, rejected] = ['accepted', 'rejected'].map((event) => once(sender, event).then(() => event));
            sender.send({ application_properties: given.ModuleId && { 'iothub-outputname': 'output1' }, content_type: 'application/json', content_encoding: 'utf-8', body: data(JSON.stringify({ n })) });
      outcomes.push(await Promise.race([accepted, rejected]));
      await settled;
    }
    sender.close();
    tell('send', { outcomes });
  },

  // large KILOBYTES: a message that is cut into frames.
  async large({ connection }, kilobytes) {
    const sender = connection.open_sender(`${base}/messages/events`);
    await once(sender, 'sendable');
    const [accepted, rejected] = ['accepted', 'rejected'].map((event) => once(sender, event));
    sender.send({ body: rhea.message.data_section(Buffer.alloc(Number(kilobytes) * 1024, 'x')) });
    const settled = await Promise.race([accepted, rejected]);
    const error = settled.delivery.remote_state.error;
    tell('large', { outcome: error ? error.condition : 'accepted' });
    sender.close();
  },

  // receive WORD…: takes messages and answers each with the next word; `keep` is no answer, and the link's end.
  async receive({ connection }, ...words) {
    const receiver = connection.open_receiver({ source: incoming, credit_window: 0, autoaccept: false });
    await once(receiver, 'receiver_open');
    const bodies = [];
    for (const word of words) {
      receiver.add_credit(1);
      const { message, delivery } = await once(receiver, 'message');
      bodies.push(message.body.content.toString());
      if (word !== 'keep') {
        delivery[word]();
      }
    }
    receiver.close();
    await once(receiver, 'receiver_close');
    tell('receive', { bodies });
  },

  // attach ADDRESS: a link that the hub refuses.
  async attach({ connection }, address) {
    const sender = connection.open_sender(address);
    await once(sender, 'sender_error');
    tell('attach', { condition: sender.error.condition });
  },

  // speak ADDRESS CHAIN: one message for somebody whose hub this is.
  async speak({ connection }, address, chain) {
    const sender = connection.open_sender({ target: address, properties: { 'com.microsoft:auth-chain': chain } });
    const ends = ['sendable', 'sender_error'].map((event) => once(sender, event).then(() => event));
    if (await Promise.race(ends) === 'sender_error') {
      tell('speak', { condition: sender.error.condition });
      return;
    }
    const accepted = once(sender, 'accepted');
    sender.send({ body: data('below') });
    await accepted;
    sender.close();
    tell('speak', { condition: null });
  },

  async twin(peer) {
    tell('twin', await ask(peer, { operation: 'GET' }));
  },

  async report(peer, patch) {
    tell('report', await ask(peer, { operation: 'PATCH', resource: '/properties/reported' }, patch));
  },

  async watch(peer) {
    tell('watch', await ask(peer, { operation: 'PUT', resource: '/notifications/twin/properties/desired' }));
    peer['/twin'].change = once(peer['/twin'].receiver, 'message');
  },

  // change: the next change after `watch`.
  async change(peer) {
    const { message } = await peer['/twin'].change;
    tell('change', { patch: JSON.parse(message.body.content.toString()), id: message.correlation_id ?? null });
  },

  // answer STATUS: awaits a call and answers it.
  async answer(peer, status) {
    const { sender, receiver } = await pair(peer, '/methods/devicebound');
    const { message } = await once(receiver, 'message');
    const name = message.application_properties['IoThub-methodname'];
    const payload = JSON.parse(message.body.content.toString());
    const properties = { 'IoThub-status': rhea.types.wrap_int(Number(status)) };
    sender.send({ correlation_id: message.correlation_id, application_properties: properties, body: data('{"answer":1}') });
    tell('answer', { name, payload });
  },

  // again: leaves and comes back.
  async again(peer) {
    await close(peer);
    Object.keys(peer).forEach((key) => delete peer[key]);
    Object.assign(peer, await connect());
    tell('again');
  },
};

async function main() {
  const peer = await connect();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.split(' ');
    try {
      await steps[word](peer, ...rest);
    } catch (error) {
      tellFailure(word, error);
    }
  }
  await close(peer);
  tell('disconnected');
  process.exit(0);
}

main();

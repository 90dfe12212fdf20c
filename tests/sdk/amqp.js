// A strict peer: a module on rhea, an AMQP client of its own kind, driven and watched by a test. Steps as in amqp.py.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const readline = require('node:readline');
const rhea = require('rhea');

const given = Object.fromEntries(process.env.EdgeHubConnectionString.split(';').map((part) => part.split(/=(.*)/, 2)));
const base = `/devices/${given.DeviceId}/modules/${given.ModuleId}`;

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

function connect() {
  const options = { host: given.GatewayHostName, port: 5671, transport: 'tls', reconnect: false, idle_time_out: 10000 };
  return rhea.create_container().connect({ ...options, ca: fs.readFileSync(process.env.EdgeModuleCACertificateFile) });
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
      const data = rhea.message.data_section(Buffer.from(JSON.stringify({ n })));
      sender.send({ application_properties: { 'iothub-outputname': 'output1' }, content_type: 'application/json', content_encoding: 'utf-8', body: data });
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

  // receive WORD…: takes messages of inputs and answers each with the next word.
  async receive({ connection }, ...words) {
    const receiver = connection.open_receiver({ source: `${base}/messages/events`, credit_window: 0, autoaccept: false });
    await once(receiver, 'receiver_open');
    const bodies = [];
    for (const word of words) {
      receiver.add_credit(1);
      const { message, delivery } = await once(receiver, 'message');
      bodies.push(message.body.content.toString());
      delivery[word]();
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
};

async function main() {
  const connection = connect();
  connection.on('disconnected', ({ error }) => error && tellFailure('connection', error));
  connection.on('connection_error', () => tellFailure('connection', connection.error));
  await once(connection, 'connection_open');
  const cbs = { sender: connection.open_sender('$cbs'), receiver: connection.open_receiver('$cbs') };
  await once(cbs.sender, 'sendable');
  const { status } = await putToken(cbs, 3600);
  tell(status === 200 ? 'connected' : 'failure', { status });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.split(' ');
    try {
      await steps[word]({ connection, cbs }, ...rest);
    } catch (error) {
      tellFailure(word, error);
    }
  }
  connection.close();
  await once(connection, 'connection_close');
  tell('disconnected');
  process.exit(0);
}

main();

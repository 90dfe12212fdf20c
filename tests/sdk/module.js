// A module on the unmodified Azure IoT SDK for Node, driven and watched by a test; steps and events as in module.py.
//
//   node module.js [mqtt|mqtt-ws|amqp|amqp-ws] [SECONDS between two tokens]
'use strict';

const fs = require('node:fs');
const readline = require('node:readline');
const { ModuleClient, Message, SharedAccessKeyAuthenticationProvider } = require('azure-iot-device');
const { Amqp, AmqpWs } = require('azure-iot-device-amqp');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

const TRANSPORTS = { mqtt: Mqtt, 'mqtt-ws': MqttWs, amqp: Amqp, 'amqp-ws': AmqpWs };

const METHODS = ['count', 'refuse'];

const tell = (event, facts) => console.log(JSON.stringify({ event, ...facts }));
const tellFailure = (step, error) => tell('failure', { step, type: error.name, message: error.message });

const propertiesOf = (message) => Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key, value]));

function listen(client, twin) {
  client.on('inputMessage', (input, message) => {
    const { messageId, contentType, contentEncoding } = message;
    const system = { messageId, contentType, contentEncoding };
    tell('input', { input, body: message.getData().toString(), properties: propertiesOf(message), system });
    client.complete(message, (error) => error && tellFailure('complete', error));
  });
  listenToService(twin, client.onMethod.bind(client));
}

function listenToService(twin, onMethod) {
  // Tells the whole once at first.
  twin.on('properties.desired', (patch) => tell('desired', { patch }));
  let calls = 0;
  for (const name of METHODS) {
    onMethod(name, ({ payload }, response) => {
      calls += 1;
      tell('method', { name, payload });
      const failed = (error) => error && tellFailure('method', error);
      response.send(name === 'refuse' ? 409 : 200, { calls, payload }, failed);
    });
  }
}

const steps = {
  async send(client, output, body, ...properties) {
    const message = new Message(body);
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    for (const text of properties) {
      message.properties.add(...text.split(/=(.*)/, 2));
    }
    await client.sendOutputEvent(output, message);
    tell('send', { output });
  },

  async twin(client) {
    const { desired, reported } = (await client.getTwin()).properties;
    tell('twin', { twin: { desired: bare(desired), reported: bare(reported) } });
  },

  async report(client, patch) {
    const twin = await client.getTwin();
    const update = (done) => twin.properties.reported.update(JSON.parse(patch), done);
    await new Promise((resolve, reject) => update((error) => (error ? reject(error) : resolve())));
    tell('report');
  },

  async invoke(client, target, methodName, payload) {
    const [device, module] = target.split('/');
    const call = { methodName, payload: JSON.parse(payload), responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 5 };
    const { status, payload: answer } = await client.invokeMethod(device, module, call);
    tell('invoke', { answer: { status, payload: answer } });
  },
};

// The SDK hangs functions on the properties; JSON leaves them out.
const bare = (properties) => JSON.parse(JSON.stringify(properties));

async function runSteps(client, steps) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.split(' ');
    try {
      await steps[word](client, ...rest);
    } catch (error) {
      tellFailure(word, error);
    }
  }
}

// Makes tokens of the connection string's key; each is renewed when it is so old, which is half of what it is good for.
function renewing(connectionString, seconds) {
  const [good, margin] = [2 * Number(seconds), Number(seconds)];
  const provider = SharedAccessKeyAuthenticationProvider.fromConnectionString(connectionString, good, margin);
  provider.on('newTokenAvailable', () => tell('renewal'));
  return provider;
}

async function createClient(transport = 'mqtt', seconds) {
  if (!seconds) {
    return ModuleClient.fromEnvironment(TRANSPORTS[transport]);
  }
  const { EdgeHubConnectionString, EdgeModuleCACertificateFile } = process.env;
  const client = ModuleClient.fromAuthenticationProvider(renewing(EdgeHubConnectionString, seconds), TRANSPORTS[transport]);
  await client.setOptions({ ca: fs.readFileSync(EdgeModuleCACertificateFile, 'utf8') });
  return client;
}

async function main(createClient, listen, steps) {
  let client;
  try {
    client = await createClient();
    await client.open();
    listen(client, await client.getTwin());
  } catch (error) {
    tellFailure('connect', error);
    process.exit(1);
  }
  client.on('error', (error) => tellFailure('connection', error));
  tell('connected');
  await runSteps(client, steps);
  await client.close();
  tell('disconnected');
  process.exit(0);
}

if (require.main === module) {
  main(() => createClient(...process.argv.slice(2)), listen, steps);
}

module.exports = { TRANSPORTS, listenToService, main, propertiesOf, renewing, steps, tell, tellFailure };

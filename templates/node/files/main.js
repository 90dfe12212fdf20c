// An IoT Edge module that forwards telemetry above a threshold.
//
// A message on `input1` whose temperature is above the threshold leaves on `output1` with `"alert": true` and a
// running `"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin, and
// is reported back. The direct method `status` tells the counters, `ping` answers `"pong"`.

import device from 'azure-iot-device';

import { Filter } from './filter.js';
import { Transport } from './transport.js';

const { Message, ModuleClient } = device;

const filter = new Filter();
const client = await ModuleClient.fromEnvironment(Transport);
client.on('error', (error) => console.error(`the hub's client: ${error.message}`));
client.on('disconnect', (reason) => {
  console.error(`the connection is lost for good: ${reason.transportObj?.message ?? 'no reason given'}`);
  process.exit(1);
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, stop);
}

// The hub delivers as soon as the module subscribes: the handler is there before the connection is opened, and waits
// for the twin before it decides anything.
let configure;
const configured = new Promise((resolve) => {
  configure = resolve;
});
client.on('inputMessage', async (input, message) => {
  await configured;
  try {
    if (input === 'input1') {
      await forward(message);
    }
    await client.complete(message);
  } catch (error) {
    console.error(`cannot forward a message: ${error.message}`);
  }
});
answer('status', () => filter.status());
answer('ping', () => 'pong');
await client.open();

const twin = await client.getTwin();
let reported;
// Called with patches and, after a reading, with all: the twin itself always holds all. A threshold that is not there is
// the default, as one that is null.
twin.on('properties.desired', () => {
  filter.apply({ threshold: null, ...twin.properties.desired });
  configure();
  report();
});
// The SDK subscribes again after a lost connection, but does not ask what changed meanwhile.
client.on('connect', () => twin.get().catch((error) => console.error(`cannot read the twin: ${error.message}`)));

function answer(method, payload) {
  client.onMethod(method, (request, response) => {
    response.send(200, payload(), (error) => {
      if (error) console.error(`cannot answer \`${method}\`: ${error.message}`);
    });
  });
}

async function forward(message) {
  const body = filter.handle(message.getData());
  if (body === undefined) return;
  const output = new Message(JSON.stringify(body));
  output.contentType = 'application/json';
  output.contentEncoding = 'utf-8';
  for (const { key, value } of message.properties.propertyList) {
    if (!key.startsWith('$.')) output.properties.add(key, value);
  }
  await client.sendOutputEvent('output1', output);
}

function report() {
  const { threshold } = filter;
  if (threshold === reported) return;
  reported = threshold;
  twin.properties.reported.update({ threshold }, (error) => {
    if (error) console.error(`cannot report the threshold: ${error.message}`);
    else console.log(`the threshold is ${threshold}`);
  });
}

async function stop() {
  console.log('stopping');
  await client.close();
  process.exit(0);
}

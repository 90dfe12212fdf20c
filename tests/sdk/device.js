// A child device on the unmodified Azure IoT SDK for Node; steps and events as in device.py, and
//
//   settle WORD…   answers the next messages of the cloud with these words: complete, reject or abandon
//
//   node device.js [mqtt|mqtt-ws|amqp|amqp-ws] [SECONDS between two tokens]
'use strict';

const fs = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const { TRANSPORTS, listenToService, main, propertiesOf, renewing, steps, tell, tellFailure } = require('./module.js');

// What the next messages are answered with; every other one is completed.
const answers = [];

function listen(client, twin) {
  client.on('message', (message) => {
    const answer = answers.shift() ?? 'complete';
    tell('message', { body: message.getData().toString(), properties: propertiesOf(message), messageId: message.messageId });
    client[answer](message, (error) => (error ? tellFailure(answer, error) : tell('settled', { answer })));
  });
  listenToService(twin, client.onDeviceMethod.bind(client));
}

async function send(client, body, ...properties) {
  const message = new Message(body);
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  for (const text of properties) {
    message.properties.add(...text.split(/=(.*)/, 2));
  }
  await client.sendEvent(message);
  tell('send');
}

async function settle(_client, ...words) {
  answers.push(...words);
  tell('settle');
}

async function createClient(transport = 'mqtt', seconds) {
  const text = process.env.IOTHUB_DEVICE_CONNECTION_STRING;
  const Transport = TRANSPORTS[transport];
  const client = seconds
    ? Client.fromAuthenticationProvider(renewing(text, seconds), Transport)
    : Client.fromConnectionString(text, Transport);
  const options = { ca: fs.readFileSync(process.env.IOTEDGE_ROOT_CA_CERT_PATH, 'utf-8') };
  if (process.env.X509_CERT_FILE) {
    options.cert = fs.readFileSync(process.env.X509_CERT_FILE, 'utf-8');
    options.key = fs.readFileSync(process.env.X509_KEY_FILE, 'utf-8');
  }
  await client.setOptions(options);
  return client;
}

main(() => createClient(...process.argv.slice(2)), listen, { ...steps, send, settle });

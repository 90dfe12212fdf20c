// A child device on the unmodified Azure IoT SDK for Node; steps and events as in device.py.
'use strict';

const fs = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');
const { listenToService, main, propertiesOf, steps, tell, tellFailure } = require('./module.js');

function listen(client, twin) {
  client.on('message', (message) => {
    tell('message', { body: message.getData().toString(), properties: propertiesOf(message) });
    client.complete(message, (error) => error && tellFailure('complete', error));
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

async function createClient() {
  const client = Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, Mqtt);
  const options = { ca: fs.readFileSync(process.env.IOTEDGE_ROOT_CA_CERT_PATH, 'utf-8') };
  if (process.env.X509_CERT_FILE) {
    options.cert = fs.readFileSync(process.env.X509_CERT_FILE, 'utf-8');
    options.key = fs.readFileSync(process.env.X509_KEY_FILE, 'utf-8');
  }
  await client.setOptions(options);
  return client;
}

main(createClient, listen, { ...steps, send });

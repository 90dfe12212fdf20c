// Connects once, with the unmodified Azure IoT SDK for Node and a token made here, and tells `connected` or `failure`.
//
//   node token.js KIND [MODULE]
//
//   own       a good token: what the other kinds are compared with
//   expired   ran out an hour ago
//   foreign   signed with a key that nobody here was given
//   other     own key, but the name of MODULE throughout
//   audience  own name and key, for a hub that is not this one
//
// The module's key and where to connect come from `EdgeHubConnectionString` and `EdgeModuleCACertificateFile`.
'use strict';

const { EventEmitter } = require('node:events');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { AuthenticationType, ConnectionString, SharedAccessSignature } = require('azure-iot-common');
const { ModuleClient } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

const HOUR = 3600;
const [kind, otherModule] = process.argv.slice(2);

function credentials() {
  const given = ConnectionString.parse(process.env.EdgeHubConnectionString);
  const host = given.HostName;
  const moduleId = kind === 'other' ? otherModule : given.ModuleId;
  const audience = kind === 'audience' ? 'elsewhere.example.com' : host;
  const key = kind === 'foreign' ? crypto.randomBytes(32).toString('base64') : given.SharedAccessKey;
  const expiry = Math.floor(Date.now() / 1000) + (kind === 'expired' ? -HOUR : HOUR);
  const resource = encodeURIComponent(`${audience}/devices/${given.DeviceId}/modules/${moduleId}`);
  const sharedAccessSignature = SharedAccessSignature.create(resource, undefined, key, expiry).toString();
  return { host, gatewayHostName: given.GatewayHostName, deviceId: given.DeviceId, moduleId, sharedAccessSignature };
}

// What the SDK asks for credentials, as its own providers answer.
class FixedToken extends EventEmitter {
  type = AuthenticationType.Token;

  getDeviceCredentials(callback) {
    const made = credentials();
    return callback ? callback(null, made) : Promise.resolve(made);
  }

  stop() {}
}

const tell = (event, facts) => console.log(JSON.stringify({ event, ...facts }));

async function main() {
  const client = ModuleClient.fromAuthenticationProvider(new FixedToken(), Mqtt);
  try {
    await client.setOptions({ ca: fs.readFileSync(process.env.EdgeModuleCACertificateFile, 'utf8') });
    await client.open();
    tell('connected');
    await client.close();
  } catch (error) {
    tell('failure', { step: 'connect', type: error.name, message: error.message });
  }
  process.exit(0);
}

main();

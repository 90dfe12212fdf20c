import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Filter } from './filter.js';

const handle = (filter: Filter, document: unknown) => filter.handle(Buffer.from(JSON.stringify(document)));

test('only what is above the threshold passes', () => {
  const filter = new Filter();
  assert.equal(handle(filter, { temperature: 25 }), undefined);
  const passed = handle(filter, { unit: 'C', temperature: 25.5 });
  assert.deepEqual(passed, { unit: 'C', temperature: 25.5, alert: true, count: 1 });
  assert.deepEqual(filter.status(), { received: 2, forwarded: 1, threshold: 25 });
});

test('the temperature of the machine comes first', () => {
  const filter = new Filter();
  const passed = handle(filter, { machine: { temperature: 25.5 }, temperature: 21 });
  assert.deepEqual(passed, { machine: { temperature: 25.5 }, temperature: 21, alert: true, count: 1 });
  assert.equal(handle(filter, { machine: { temperature: 20 }, temperature: 40 }), undefined);
  assert.equal(handle(filter, { machine: { pressure: 1 }, temperature: 26 })?.['count'], 2);
  assert.equal(handle(filter, { machine: 26 }), undefined);
  assert.deepEqual(filter.status(), { received: 4, forwarded: 2, threshold: 25 });
});

test('what has no temperature is dropped and counted', () => {
  const filter = new Filter();
  const bodies = ['', '[]', '{}', '26', '{"temperature":"26"}', '{"temperature":null}', '{"temperature":true}'];
  bodies.push('{temperature:26}', '{"temperature":26} x', '{"temperature":1e999}', '{"temperature":NaN}');
  for (const body of bodies) {
    assert.equal(filter.handle(Buffer.from(body)), undefined, body);
  }
  assert.deepEqual(filter.status(), { received: 11, forwarded: 0, threshold: 25 });
});

test('the threshold follows the desired properties', () => {
  const filter = new Filter();
  const changes: [Record<string, unknown>, number][] = [
    [{ threshold: 30.5 }, 30.5],
    [{ other: 1 }, 30.5],
    [{ threshold: 'hot' }, 30.5],
    [{ threshold: null }, 25],
  ];
  for (const [desired, expected] of changes) {
    filter.apply(desired);
    assert.equal(filter.threshold, expected);
  }
});

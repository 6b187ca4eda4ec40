import { describe, expect, it } from 'vitest';
import { aggregatedDiscoveryVersion, objectForm } from '../../../src/api/accept.js';
import { deleteOptions } from '../../../src/api/delete-body.js';
import { commandOf, commandOptions, commandStatus } from '../../../src/api/streams/remote-command.js';
import { InFlightLimit } from '../../../src/api/in-flight-limit.js';
import { logOptions } from '../../../src/api/streams/log-relay.js';
import { readPatch } from '../../../src/api/patch-body.js';
import { listOptions, writeOptions } from '../../../src/api/query.js';
import { protobufType } from '../../../src/api/request-body.js';
import { toOrchError } from '../../../src/api/status.js';
import { watchOptions } from '../../../src/api/watch-options.js';
import { nodeKind } from '../../../src/model/node.js';
import { taskKind } from '../../../src/model/task.js';
import { OrchError } from '../../../src/support/errors.js';

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof OrchError ? error.code : String(error);
  }
};

describe('Accept', () => {
  it.each([
    [undefined, 'object'],
    ['application/json, */*', 'object'],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'table',
    ],
    ['application/vnd.kubernetes.protobuf,application/json', 'object'],
    ['application/vnd.kubernetes.protobuf, */*', 'object'],
    ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'metadata'],
    ['application/json;as=Unknown;g=meta.k8s.io;v=v1,application/json', 'object'],
    ['application/json;as=constructor;g=meta.k8s.io;v=v1,application/json', 'object'],
    ['application/json;as=Table;g=meta.k8s.io;v=v2,application/json', 'object'],
    ['application/json;as=Table;g=meta.example;v=v1,application/json', 'object'],
  ])('%s gives %s', (accept, as) => {
    expect(objectForm(accept)).toEqual({ as, metaApiVersion: 'meta.k8s.io/v1' });
  });

  it('takes the older version of tables and metadata where a client asks for it, or likes it best', () => {
    const older = 'meta.k8s.io/v1beta1';
    const table = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';
    expect(objectForm(`${table}, application/json`)).toEqual({ as: 'table', metaApiVersion: older });
    expect(objectForm(`${table}, ${table.replace('v1beta1', 'v1')}`).metaApiVersion).toBe(older);
    const metadata = 'application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io';
    expect(objectForm(metadata)).toEqual({ as: 'metadata', metaApiVersion: older });
  });

  it('refuses what is not served', () => {
    expect(codeOf(() => objectForm('text/html'))).toBe('NotAcceptable');
    expect(codeOf(() => objectForm('application/vnd.kubernetes.protobuf'))).toBe('NotAcceptable');
  });

  it('tells aggregated discovery from legacy', () => {
    const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect(aggregatedDiscoveryVersion(`${v2},application/json`)).toBe('v2');
    expect(aggregatedDiscoveryVersion(v2.replace('v=v2', 'v=v2beta1'))).toBe('v2beta1');
    expect(aggregatedDiscoveryVersion('application/json')).toBeUndefined();
  });
});

describe('query', () => {
  it('reads the options of a write', () => {
    expect(writeOptions({}, 'kubectl/v1.32.4 (linux)', 'me')).toEqual({
      fieldManager: 'kubectl',
      dryRun: false,
      fieldValidation: 'Warn',
      source: 'me',
    });
    const given = { dryRun: 'All', fieldManager: 'mine', fieldValidation: 'Strict' };
    expect(writeOptions(given, undefined, 'me')).toMatchObject({
      dryRun: true,
      fieldManager: 'mine',
      fieldValidation: 'Strict',
    });
    for (const wrong of [
      { dryRun: 'all' },
      { dryRun: ['All', 'x'] },
      { fieldManager: 'x'.repeat(129) },
      { fieldManager: 'a\nb' },
    ]) {
      expect(codeOf(() => writeOptions(wrong, undefined, 'me'))).toBe('BadRequest');
    }
  });

  it('reads the options of a list', () => {
    const query = { labelSelector: 'a=b', fieldSelector: 'metadata.name=x', limit: '500', continue: 't' };
    expect(listOptions(query, 'ns')).toEqual({
      namespace: 'ns',
      labelSelector: 'a=b',
      fieldSelector: 'metadata.name=x',
      limit: 500,
      continueToken: 't',
    });
    expect(listOptions({ limit: '0' }, undefined)).toEqual({});
    for (const limit of ['-1', '1.5', '1e3', '0x10', '99999999999999999999']) {
      expect(codeOf(() => listOptions({ limit }, undefined))).toBe('BadRequest');
    }
  });

  it('reads where a watch starts', () => {
    expect(watchOptions({ resourceVersion: '7' }).start).toEqual({ type: 'after', revision: 7 });
    for (const query of [{}, { resourceVersion: '0' }, { resourceVersion: '' }]) {
      expect(watchOptions(query).start).toEqual({ type: 'current' });
    }
    const initial = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' };
    expect(watchOptions(initial)).toEqual({ start: { type: 'current' }, bookmarks: true, markInitialEnd: true });
    expect(watchOptions({ ...initial, sendInitialEvents: 'false' }).start).toEqual({ type: 'now' });
    expect(codeOf(() => watchOptions({ sendInitialEvents: 'true' }))).toBe('Invalid');
    expect(codeOf(() => watchOptions({ resourceVersionMatch: 'Exact' }))).toBe('Invalid');
    expect(codeOf(() => watchOptions({ resourceVersion: 'x' }))).toBe('BadRequest');
  });

  it('reads what a log is to show', () => {
    expect(logOptions({ sinceSeconds: '60' }, Date.parse('2026-01-01T00:01:00Z'))).toMatchObject({
      since: '2026-01-01T00:00:00Z',
    });
    expect(codeOf(() => logOptions({ sinceSeconds: '1', sinceTime: '2026-01-01T00:00:00Z' }, 0))).toBe('BadRequest');
  });
});

describe('DELETE bodies', () => {
  const json = (value: object): { bytes: Buffer; contentType: string } => ({
    bytes: Buffer.from(JSON.stringify(value)),
    contentType: 'application/json',
  });

  it('reads JSON, with and without kind', () => {
    const body = { propagationPolicy: 'Background', gracePeriodSeconds: 0, preconditions: { uid: 'u' } };
    const expected = {
      propagationPolicy: 'Background',
      preconditions: { uid: 'u' },
      gracePeriodSeconds: 0,
      dryRun: false,
    };
    expect(deleteOptions(json(body), {})).toEqual(expected);
    expect(deleteOptions(json({ kind: 'DeleteOptions', apiVersion: 'v1', ...body }), {})).toEqual(expected);
    expect(deleteOptions(json({ dryRun: ['All'] }), {}).dryRun).toBe(true);
    expect(deleteOptions({ bytes: Buffer.alloc(0), contentType: '' }, { gracePeriodSeconds: '3' })).toEqual({
      gracePeriodSeconds: 3,
      dryRun: false,
    });
  });

  it('reads Kubernetes protobuf', () => {
    // gracePeriodSeconds 30, preconditions {uid "u1"}, propagationPolicy "Background", dryRun "All"
    const raw = Buffer.from(
      '081e12040a02753122' + '0a' + Buffer.from('Background').toString('hex') + '2a03416c6c',
      'hex',
    );
    const typeMeta = Buffer.from('0a027631120d44656c6574654f7074696f6e73', 'hex');
    const bytes = Buffer.concat([
      Buffer.from('k8s\0'),
      Buffer.from([0x0a, typeMeta.length]),
      typeMeta,
      Buffer.from([0x12, raw.length]),
      raw,
    ]);
    expect(deleteOptions({ bytes, contentType: protobufType }, {})).toEqual({
      gracePeriodSeconds: 30,
      preconditions: { uid: 'u1' },
      propagationPolicy: 'Background',
      dryRun: true,
    });
    for (let length = 5; length < bytes.length; length++) {
      const cut = { bytes: bytes.subarray(0, length), contentType: protobufType };
      expect(['BadRequest', undefined]).toContain(codeOf(() => deleteOptions(cut, {})));
    }
  });

  it('refuses what it would otherwise ignore', () => {
    for (const body of [
      { kind: 'Task' },
      { gracePeriodSeconds: -1 },
      { gracePeriodSeconds: '1' },
      { dryRun: 'All' },
      { dryRun: ['Some'] },
      { preconditions: { uid: 1 } },
    ]) {
      expect(codeOf(() => deleteOptions(json(body), {}))).toBe('BadRequest');
    }
  });
});

describe('patches', () => {
  const patch =
    (contentType: string, text: string): (() => unknown) =>
    () =>
      readPatch({ bytes: Buffer.from(text), contentType }, taskKind);

  it('takes a type that the kind has rules for', () => {
    expect(codeOf(patch('application/strategic-merge-patch+json', '{}'))).toBe('UnsupportedMediaType');
    expect(codeOf(patch('application/json', '{}'))).toBe('UnsupportedMediaType');
    const body = { bytes: Buffer.from('{}'), contentType: 'application/strategic-merge-patch+json' };
    expect(readPatch(body, nodeKind)).toEqual({ type: 'strategic', body: {} });
  });

  it('HT-05: bounds JSON patches', () => {
    const operations = JSON.stringify(Array(10_001).fill({ op: 'test', path: '/a', value: 1 }));
    expect(codeOf(patch('application/json-patch+json', operations))).toBe('RequestEntityTooLarge');
  });
});

describe('exec', () => {
  it('needs a command, and merges stderr into a terminal', () => {
    expect(commandOf({ command: ['sh', '-c', ''] })).toEqual(['sh', '-c', '']);
    expect(commandOptions({ stderr: 'true', stdout: '1', tty: 'true' })).toEqual({
      stdin: false,
      stdout: true,
      stderr: false,
      tty: true,
    });
    expect(codeOf(() => commandOf({}))).toBe('BadRequest');
    expect(codeOf(() => commandOf({ command: 'x'.repeat(70_000) }))).toBe('RequestEntityTooLarge');
  });

  it('tells the exit code in the words that kubectl reads', () => {
    expect(commandStatus({ exitCode: 0 })).toMatchObject({ status: 'Success' });
    expect(commandStatus({ exitCode: 137 })).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '137' }] },
    });
    expect(commandStatus({ error: { code: 'Odd', message: 'm' } })).toMatchObject({
      reason: 'InternalError',
      message: 'm',
    });
  });
});

describe('errors', () => {
  it('shows nothing of what was not meant for users', () => {
    const { error, unexpected } = toOrchError(new TypeError('cannot read /secret/path'));
    expect(unexpected).toBe(true);
    expect(error.code).toBe('InternalError');
    expect(error.message).not.toContain('secret');
  });
});

describe('InFlightLimit', () => {
  it('AP-11: leaves room for others beside a flood, and takes places back once', () => {
    const limit = new InFlightLimit({ total: 3, perIdentity: 2 });
    const leave = limit.enter('flood');
    limit.enter('flood');
    expect(codeOf(() => limit.enter('flood'))).toBe('TooManyRequests');
    limit.enter('other');
    expect(codeOf(() => limit.enter('third'))).toBe('TooManyRequests');
    leave();
    leave();
    limit.enter('third');
    expect(codeOf(() => limit.enter('fourth'))).toBe('TooManyRequests');
  });
});

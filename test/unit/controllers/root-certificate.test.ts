import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RootCertificates, rootCertificateName } from '../../../src/controllers/root-certificate.js';
import { configMapKind, type ConfigMap } from '../../../src/model/config-map.js';
import { namespaceKind } from '../../../src/model/namespace.js';
import { silentLogger } from '../../../src/support/logger.js';
import { waitFor } from '../../support/wait-for.js';
import { openFixture, type Fixture } from '../registry/registry-fixture.js';

let fixture: Fixture;
let certificates: RootCertificates;

beforeEach(async () => {
  fixture = await openFixture();
  const { registry, clock } = fixture;
  certificates = new RootCertificates({ registry, clock, logger: silentLogger, caPem: 'PEM' });
  await certificates.start();
});

afterEach(() => certificates.stop());

const keyIn = (namespace: string) => ({ namespace, name: rootCertificateName });
const dataIn = async (namespace: string): Promise<unknown> =>
  (await fixture.registry.get<ConfigMap>(configMapKind, keyIn(namespace)).catch(() => undefined))?.data;
const isThere = (namespace: string): Promise<unknown> =>
  waitFor('the certificate', async () => JSON.stringify(await dataIn(namespace)) === '{"ca.crt":"PEM"}');

describe('RootCertificates', () => {
  it('puts it into each namespace, those that come later too', async () => {
    await isThere('default');
    await fixture.registry.create(namespaceKind, { metadata: { name: 'later' } });
    await isThere('later');
  });

  it('puts it back after it was deleted or changed', async () => {
    await isThere('default');
    await fixture.registry.delete(configMapKind, keyIn('default'));
    await isThere('default');
    await fixture.registry.patch(configMapKind, keyIn('default'), { type: 'merge', body: { data: { 'ca.crt': 'x' } } });
    await isThere('default');
  });

  it('puts the new one everywhere when the authority was renewed, and back when somebody puts the old one', async () => {
    await fixture.registry.create(namespaceKind, { metadata: { name: 'other' } });
    for (const namespace of ['default', 'other']) await isThere(namespace);
    certificates.useAuthority('NEW');
    const isNew = (namespace: string): Promise<unknown> =>
      waitFor('the new one', async () => JSON.stringify(await dataIn(namespace)) === '{"ca.crt":"NEW"}');
    for (const namespace of ['default', 'other']) await isNew(namespace);
    const body = { data: { 'ca.crt': 'PEM' } };
    await fixture.registry.patch(configMapKind, keyIn('default'), { type: 'merge', body });
    await isNew('default');
  });

  it('lets a namespace go that is deleted', async () => {
    await fixture.registry.create(namespaceKind, { metadata: { name: 'leaving' } });
    await isThere('leaving');
    await fixture.registry.delete(namespaceKind, { name: 'leaving' });
    await waitFor('its end', async () => {
      const { items } = await fixture.registry.list(namespaceKind);
      return !items.some(({ metadata }) => metadata.name === 'leaving');
    });
    expect(await dataIn('leaving')).toBeUndefined();
  });
});

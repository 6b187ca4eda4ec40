import { describe, expect, it } from 'vitest';
import { deploymentKind, revisionAnnotation, type StoredDeployment } from '../../../src/model/deployment.js';
import { inDefault, openFixture } from '../registry/registry-fixture.js';

describe('the number of the present template', () => {
  it('is nothing that somebody can apply', async () => {
    const { registry, store } = await openFixture();
    const labels = { app: 'web' };
    const apply = async (
      annotations: Record<string, string>,
    ): Promise<{ object: StoredDeployment; changed: boolean }> =>
      registry.apply<StoredDeployment>(
        deploymentKind,
        inDefault('web'),
        {
          metadata: { name: 'web', annotations },
          spec: {
            replicas: 1,
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'busybox' }] } },
          },
        },
        { fieldManager: 'folder' },
      );
    const { object } = await apply({ team: 'shop' });
    const again = await apply({ team: 'shop', [revisionAnnotation]: '7' });
    expect(again.object.metadata).toEqual(object.metadata);
    expect(again.changed).toBe(false);
    await registry.close();
    await store.close();
  });
});

import { describe, expect, it } from 'vitest';
import type { WayEntry } from '../../../src/support/private-folder.js';
import { judgeWay } from '../../../src/support/private-folder.js';

const me = 1000;
const somebody = 1001;

function folder(path: string, ownerId: number, mode: number): WayEntry {
  return { path, type: 'folder', ownerId, mode };
}

describe('judgeWay: a data folder is its user’s alone', () => {
  it('takes a folder of the user that nobody else may write in, also below a sticky /tmp', () => {
    expect(judgeWay([folder('/tmp', 0, 0o1777), folder('/tmp/data', me, 0o755)], me)).toBeUndefined();
    expect(
      judgeWay([folder('/home', 0, 0o755), folder('/home/x', somebody, 0o755), folder('/home/x/d', me, 0o700)], me),
    ).toBeUndefined();
  });

  it('refuses the folder of another user, whoever may write in it, also for root', () => {
    expect(judgeWay([folder('/tmp', 0, 0o1777), folder('/tmp/data', somebody, 0o700)], 0)).toContain(
      'belongs to the user 1001',
    );
    expect(judgeWay([folder('/srv/data', 0, 0o755)], me)).toContain('belongs to the user 0');
  });

  it.each([0o777, 0o1777, 0o770, 0o720])('refuses a folder of the user with the mode %o', (mode) => {
    expect(judgeWay([folder('/srv/data', me, mode)], me)).toContain('chmod go-w /srv/data');
  });

  it('refuses a folder that anybody could put another one in the place of', () => {
    expect(judgeWay([folder('/open', 0, 0o777), folder('/open/data', me, 0o700)], me)).toContain('chmod o-w /open');
  });

  it('follows links of the user and of root only', () => {
    const behind = folder('/srv/data', me, 0o700);
    const link = (ownerId: number): WayEntry => ({ path: '/tmp/data', type: 'link', ownerId, mode: 0o777 });
    expect(judgeWay([link(me), behind], me)).toBeUndefined();
    expect(judgeWay([link(0), behind], me)).toBeUndefined();
    expect(judgeWay([link(somebody), behind], me)).toContain('a link of the user 1001');
  });
});

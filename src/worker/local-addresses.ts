import { networkInterfaces } from 'node:os';

/** Addresses of this machine as a Node tells them: its name, then every address that others could reach. */
export function localAddresses(name: string): { type: string; address: string }[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => ({ type: 'InternalIP', address }));
  return [
    ...(addresses.length > 0 ? addresses.slice(0, 8) : [{ type: 'InternalIP', address: '127.0.0.1' }]),
    { type: 'Hostname', address: name },
  ];
}

/** What a program needs to reach a manager, in one import: for those that load it only when they need it. */
export { createClient } from './create-client.js';
export { loadKubeconfig, readKubeconfig } from './kubeconfig.js';

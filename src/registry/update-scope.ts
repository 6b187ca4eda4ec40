/** Whose part of the object a write may change: the user's, the status, or (the system itself) both. */
export type UpdateScope = 'main' | 'status' | 'system';

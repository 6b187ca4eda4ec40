/** The version of this build; the bundler puts it in. */
export const version = process.env['ORCH_VERSION'] ?? '0.0.0-source';

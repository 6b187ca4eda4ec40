/** Values for one container, as JSON can hold them. Never logged, reported or put into a message. */
export interface ContainerInputs {
  env: { name: string; value: string }[];
  /** By the place that a volume is mounted at. */
  files?: InputFiles[];
  /** The values among them that are of Secrets: for maskSecrets. */
  secrets?: string[];
}

export interface InputFiles {
  target: string;
  files: { path: string; mode: number; base64: string }[];
}

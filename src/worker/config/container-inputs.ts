/** Values for one container. Never logged, reported or put into a message. */
export interface ContainerInputs {
  env: { name: string; value: string }[];
}

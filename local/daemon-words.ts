/** What the process that keeps the environment tells the one that started it. */
export interface Word {
  readonly step?: string;
  readonly done?: string;
  readonly ready?: true;
  readonly failed?: string;
}

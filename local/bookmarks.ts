/** Glue's job bookmarks as far as Branchline touches them: what was asked to be reset is answered and remembered. */

export interface BookmarkReset {
  readonly jobName: string;
  /** The bookmark goes back to where it stood before this job run; absent: to the very beginning. */
  readonly runId?: string;
  readonly at: string;
}

/** Answer of AWS Glue's GetJobBookmark and ResetJobBookmark. Source: AWS Glue API, JobBookmarkEntry. */
export interface JobBookmarkEntry {
  readonly JobName: string;
  readonly Version: number;
  readonly Run: number;
  readonly Attempt: number;
  readonly RunId?: string;
  readonly JobBookmark: string;
}

export class Bookmarks {
  readonly #resets: BookmarkReset[] = [];

  reset(jobName: string, runId: string | undefined): JobBookmarkEntry {
    this.#resets.push({ jobName, at: new Date().toISOString(), ...(runId !== undefined && { runId }) });
    return this.entry(jobName);
  }

  entry(jobName: string): JobBookmarkEntry {
    const own = this.#resets.filter((reset) => reset.jobName === jobName);
    const runId = own.at(-1)?.runId;
    return {
      JobName: jobName,
      Version: own.length,
      Run: 0,
      Attempt: 0,
      ...(runId !== undefined && { RunId: runId }),
      JobBookmark: '{}',
    };
  }

  list(): readonly BookmarkReset[] {
    return this.#resets;
  }
}

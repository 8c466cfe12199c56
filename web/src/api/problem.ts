import type { ProblemBody } from "./types";

/** A request that failed, with what the server said. `status` is 0 where no answer came. */
export class Problem extends Error {
  readonly status: number;
  readonly body: ProblemBody | undefined;

  constructor(status: number, body: ProblemBody | undefined, message?: string) {
    super(body?.detail ?? message ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }

  get code(): string {
    return this.body?.code ?? (this.status === 0 ? "offline" : "unknown");
  }

  /** What is wrong with each field, by its JSON pointer. */
  get fields(): Map<string, string> {
    return new Map((this.body?.errors ?? []).map((field) => [field.pointer, field.detail]));
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, undefined, error instanceof Error ? error.message : String(error));
}

/** The same problem, told by what is wrong with what has no field of its own. */
export function withDetail(problem: Problem, detail: string | undefined): Problem {
  return problem.body && detail ? new Problem(problem.status, { ...problem.body, detail }) : problem;
}

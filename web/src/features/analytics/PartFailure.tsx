import { Problem } from "../../api/problem";
import type { Part } from "../../api/types";
import { Failure } from "../../design/Failure";

interface Properties {
  part: Part<unknown> | undefined;
  onRetry: () => void;
}

/** In the place of a part that could not be had: why, and the way to ask again. */
export function PartFailure({ part, onRetry }: Properties) {
  if (!part?.problem) return null;
  return <Failure error={new Problem(part.status, part.problem)} onRetry={onRetry} />;
}

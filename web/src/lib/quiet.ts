import { useIsFetching } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** How long nothing is asked before the page counts as being there, in milliseconds. */
const QUIET = 200;

/** Whether what is wanted may be asked: what people came for is asked first. */
export function useQuiet(isWanted: boolean): boolean {
  const isBusy = useIsFetching() > 0;
  const [isQuiet, setQuiet] = useState(false);
  useEffect(() => {
    if (!isWanted || isBusy || isQuiet) return;
    const timer = window.setTimeout(() => setQuiet(true), QUIET);
    return () => window.clearTimeout(timer);
  }, [isWanted, isBusy, isQuiet]);
  return isWanted && isQuiet;
}

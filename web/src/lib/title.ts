import { useEffect } from "react";

/** The title of the window: the page, then where. */
export function useTitle(page: string, where?: string): void {
  useEffect(() => {
    document.title = [page, where, "Elido"].filter(Boolean).join(" · ");
  }, [page, where]);
}

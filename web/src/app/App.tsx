import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useReducer } from "react";
import { bootQuery } from "../api/boot";
import { whenInTrouble, whenSessionEnds } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import type { Boot } from "../api/session";
import { onLanguage } from "../i18n";
import { compare, lookForServer, whenServerIsBack } from "../lib/server";
import { Toasts } from "../lib/toasts";
import { makeRouter } from "./router";

const isPassing = ({ status, code }: Problem) => status === 0 || (status >= 500 && code !== "query_time_limit");

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      // What the server has refused it refuses again, and what took too long does so again.
      retry: (count, error) => count < 2 && isPassing(problemOf(error)),
    },
  },
});
const router = makeRouter(queries);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** All pages of those who are signed in. */
export default function App({ boot }: { boot: Boot | undefined }) {
  const [language, redraw] = useReducer((count: number) => count + 1, 0);
  // What was asked before these scripts were there is not asked again.
  if (boot && !queries.getQueryData(bootQuery.queryKey)) queries.setQueryData(bootQuery.queryKey, boot);
  useEffect(() => {
    if (boot) compare(boot);
  }, [boot]);
  useEffect(() => whenInTrouble(() => void lookForServer()), []);
  useEffect(() => {
    // A page that was left alone for long may be of another version than its server.
    const look = () => document.visibilityState === "visible" && void lookForServer();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  useEffect(() => whenServerIsBack(() => void queries.invalidateQueries()), []);
  useEffect(() => onLanguage(redraw), []);
  useEffect(() => whenSessionEnds(() => void queries.invalidateQueries({ queryKey: bootQuery.queryKey })), []);
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} key={language} />
      <Toasts />
    </QueryClientProvider>
  );
}

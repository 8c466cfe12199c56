import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Boot, fetchBoot } from "./session";

export const bootQuery = queryOptions({
  queryKey: ["boot"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => fetchBoot(),
});

export function useBoot(): Boot | undefined {
  return useQuery(bootQuery).data;
}

import { expect, test } from "vitest";
import { Problem, problemOf } from "../../src/api/problem";
import { draftOf, EMPTY, patchOf } from "../../src/features/link-editor/form";
import { broughtBack, changes } from "../../src/lib/draft";
import { slugOf } from "../../src/lib/slug";

test("a patch has the fields that differ and no other", () => {
  const base = { title: "a", tags: ["x"], rules: [] as string[] };
  expect(changes(base, { ...base })).toEqual({});
  expect(changes(base, { title: "b", tags: ["x"], rules: [] })).toEqual({ title: "b" });
  expect(changes(base, { title: "a", tags: ["x", "y"], rules: [] })).toEqual({ tags: ["x", "y"] });
});

test("what is emptied is null, and a password is only sent where one was typed", () => {
  expect(patchOf({ title: "", max_clicks: "", redirect_status: "308" })).toEqual({
    title: null,
    max_clicks: null,
    redirect_status: 308,
  });
  expect(patchOf({ password: "" })).toEqual({});
  expect(patchOf({ remove_password: true })).toEqual({ password: null });
});

test("a new link says only what was filled in", () => {
  expect(draftOf({ ...EMPTY, destination_url: " https://example.com " })).toEqual({
    destination_url: "https://example.com",
  });
});

test("a problem names its fields", () => {
  const problem = new Problem(400, {
    type: "",
    title: "",
    status: 400,
    code: "invalid",
    detail: "No.",
    errors: [{ pointer: "/slug", code: "x", detail: "taken" }],
  });
  expect(problem.fields.get("/slug")).toBe("taken");
  expect(problemOf(new TypeError("Failed to fetch")).status).toBe(0);
});

test("names become slugs of workspaces", () => {
  expect(slugOf("Marketing & Söhne GmbH")).toBe("marketing-sohne-gmbh");
  expect(slugOf("Відділ")).toBe("");
  expect(slugOf(`${"a".repeat(47)} b`)).toBe("a".repeat(47));
});

test("a draft of another version of the dashboard is brought back as far as both know its fields", () => {
  const now = { title: "a", slug: "b", card: "" };
  const older = { base: { title: "a", slug: "b" }, value: { title: "written", slug: "b" } };
  expect(broughtBack(older, now)).toEqual({ title: "written", slug: "b", card: "" });
  const newer = { base: { ...now, phones: "" }, value: { ...now, title: "written", phones: "x" } };
  expect(broughtBack(newer, now)).toEqual({ ...now, title: "written" });
  const outdated = { base: { title: "another", slug: "b" }, value: { title: "written", slug: "b" } };
  expect(broughtBack(outdated, now)).toBeUndefined();
});

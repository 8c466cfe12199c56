import { expect, test } from "vitest";
import { keyOf } from "../../src/lib/shortcuts";

const key = (key: string, code: string, shiftKey = false) => keyOf({ key, code, shiftKey });

test("a letter is a letter, and on a layout that is not Latin its place decides", () => {
  expect(key("c", "KeyC")).toBe("c");
  expect(key("с", "KeyC")).toBe("c");
  expect(key("С", "KeyC", true)).toBe("c");
  expect(key("л", "KeyK")).toBe("k");
});

test("a Latin layout that is not English keeps its own letters", () => {
  expect(key("a", "KeyQ")).toBe("a");
  expect(key("?", "Minus", true)).toBe("?");
});

test("keys with names keep them", () => {
  expect(key("ArrowDown", "ArrowDown")).toBe("arrowdown");
  expect(key(".", "Slash")).toBe("/");
});

import { expect, test } from "vitest";
import { addressesOf } from "../../src/features/link-editor/many";
import { isMany } from "../../src/lib/many";

test.each([
  ["https://example.com/one\nhttps://example.com/two", true],
  ["  https://example.com/one \r\n\r\nhttp://example.com/two\r\n", true],
  ["https://example.com/one", false],
  ["https://example.com/one\n", false],
  ["https://example.com/one\nand a note", false],
  ["https://example.com/one https://example.com/two", false],
  ["", false],
])("%j is several addresses: %s", (text, many) => {
  expect(isMany(text)).toBe(many);
});

test("what is typed may be anything, a line each: the server says what is no address", () => {
  expect(addressesOf(" https://example.com/one \r\n\n nothing\n")).toEqual(["https://example.com/one", "nothing"]);
});

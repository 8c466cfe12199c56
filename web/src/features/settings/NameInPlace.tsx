import { useState } from "react";

interface Properties {
  label: string;
  name: string;
  maxLength?: number;
  onName: (name: string) => Promise<void>;
}

/** A name that is changed where it stands, and sent when its field is left. What is typed meanwhile stays. */
export function NameInPlace({ label, name, maxLength, onName }: Properties) {
  const [typed, setTyped] = useState<string>();
  const send = async () => {
    if (typed?.trim() && typed.trim() !== name) await onName(typed.trim());
    setTyped((now) => (now === typed ? undefined : now));
  };
  return (
    <input
      className="input grow"
      aria-label={label}
      value={typed ?? name}
      maxLength={maxLength}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => void send()}
    />
  );
}

import { useRef } from "react";

/** A field that lets its form go only once it holds the `expected` text; letters' case does not matter. */
export function TypedConfirmation({ expected = "", mismatch, ...input }) {
  const ref = useRef(null);
  const judge = () => {
    const isSame = ref.current.value.trim().toLowerCase() === expected.toLowerCase();
    ref.current.setCustomValidity(isSame ? "" : mismatch);
  };
  return (
    <input
      {...input}
      ref={(element) => {
        ref.current = element;
        if (element) judge();
      }}
      className="input"
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      required
      onInput={judge}
    />
  );
}

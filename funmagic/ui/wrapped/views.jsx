import { Children, useEffect, useRef, useState } from "react";

/** Shows one of its children at a time, named by `names` in their order; a button with `data-view` leads to another. */
export function Views({ names, children }) {
  const container = useRef(null);
  const email = useRef(null);
  const [current, setCurrent] = useState(names[0]);

  useEffect(() => {
    if (email.current === null) return;
    // What was typed goes along, and the cursor stands where the person goes on.
    const fields = [...container.current.querySelectorAll("input")];
    const field = fields.find(({ name }) => name === "email");
    if (field && !field.value) field.value = email.current;
    (fields.find(({ value }) => !value) ?? fields[0])?.focus();
  }, [current]);

  const switchView = (event) => {
    const name = event.target.closest("[data-view]")?.dataset.view;
    if (!names.includes(name)) return;
    email.current = container.current.querySelector("input[name=email]")?.value ?? "";
    setCurrent(name);
  };

  return (
    <div ref={container} className="views" onClick={switchView}>
      {Children.toArray(children)[names.indexOf(current)]}
    </div>
  );
}

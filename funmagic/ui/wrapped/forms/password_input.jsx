import { useState } from "react";

const EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z";

/** A password field; the eye shows and hides its text. With `strengths`, five words, it says how good one typed is. */
export function PasswordInput({ showLabel, hideLabel, strengths, ...input }) {
  const [isShown, setIsShown] = useState(false);
  const strength = useStrength(Boolean(strengths));
  return (
    <div className="password">
      <input
        {...input}
        type={isShown ? "text" : "password"}
        className="input"
        spellCheck={false}
        onFocus={strength.prepare}
        onInput={strength.judge}
      />
      <button
        type="button"
        className="icon-button password-eye"
        aria-label={isShown ? hideLabel : showLabel}
        aria-pressed={isShown}
        onClick={() => setIsShown(!isShown)}
      >
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" className="stroke-icon">
          <path d={EYE} />
          <circle cx="12" cy="12" r="2.75" />
          {!isShown && <path d="M4 4l16 16" />}
        </svg>
      </button>
      {strengths && <Strength score={strength.score} words={strengths} />}
    </div>
  );
}

function Strength({ score, words }) {
  return (
    <div className="strength" data-score={score ?? "none"}>
      {words.slice(1).map((word, index) => (
        <span key={word} className="strength-bar" data-filled={score !== null && index < Math.max(score, 1)} />
      ))}
      <span className="strength-word" aria-live="polite">{score === null ? "" : words[score]}</span>
    </div>
  );
}

/** How many guesses it takes, from 0 (too few) to 4; null while nothing is typed, or nobody can tell. */
function useStrength(isWanted) {
  const [score, setScore] = useState(null);
  const judge = async ({ target }) => {
    if (!isWanted) return;
    const judgement = await loadEstimator();
    // Meanwhile more may have been typed.
    const text = target.value.slice(0, LONGEST_JUDGED);
    setScore(text && judgement ? judgement.check(text, wordsBeside(target)).score : null);
  };
  return { score, judge, prepare: () => isWanted && loadEstimator() };
}

/** A name or an email is easy to guess for who knows whose password it is. */
function wordsBeside(field) {
  const others = [...(field.form?.elements ?? [])].filter((other) => other !== field && other.value);
  return others.flatMap(({ value }) => [value, ...value.split(/[^\p{L}\p{N}]+/u)]).filter(Boolean);
}

const LONGEST_JUDGED = 100;
let estimator;

/** The estimator with its lists weighs more than the page: it comes once somebody is about to type. */
function loadEstimator() {
  estimator ??= Promise.all([import("@zxcvbn-ts/core"), import("@zxcvbn-ts/language-common")])
    .then(
      ([{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }]) => new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs }),
    )
    .catch(() => {
      estimator = undefined;
      return null;
    });
  return estimator;
}

package io.flagcast.experiments;

import static io.flagcast.experiments.ExperimentFilesTest.DESIGN;
import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.experiments.document.Problem;
import io.flagcast.experiments.document.Problems;
import io.flagcast.fixtures.Dice;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad files, each with exactly the problems that it must have. */
class HostileFilesTest {

    /** The design's file with one text replaced, and its problems as {@code line: message}. */
    record Bad(String replaced, String by, List<String> problems) {
        @Override
        public String toString() {
            return Problems.quoted(by.isEmpty() ? "without " + replaced : by);
        }
    }

    private static Bad bad(String replaced, String by, String... problems) {
        return new Bad(replaced, by, List.of(problems));
    }

    /** The design's file with another policy. */
    private static Bad replacingTiers(String policy, String... problems) {
        int start = DESIGN.indexOf("type: tiered");
        int end = DESIGN.indexOf("  # tier_probabilities");
        return bad(DESIGN.substring(start, end), policy + "\n", problems);
    }

    static Stream<Bad> badFiles() {
        return Stream.of(
                // Keys
                bad("feature_id:", "featureid:", "2: unknown key 'featureid'; did you mean 'feature_id'?"),
                bad("salt: checkout-v2-2026q4 ", "", "1: salt is missing in the file; add it"),
                bad(
                        "status: active",
                        "owner: me",
                        "3: unknown key 'owner'; valid in the file are experiment_id, feature_id, status, treatment,"
                                + " salt, layer, eligibility, segments, segments_from, metrics, dimensions, pre_period, value, allocation,"
                                + " rules, alerts, tests"),
                bad("status: active", "salt: x", "5: duplicate key 'salt', first on line 3; keep one"),
                bad(
                        "segments: {low:",
                        "segments: {mid: [0, 30], low:",
                        "8: duplicate key 'mid', first on line 8; keep one"),
                bad("from: 0.0", "from:0.0", "6: unknown key 'from:0.0'; a colon needs a space after it"),
                bad("status: active", "[a, b]: c", "3: a key in the file is not a name; write name: value"),
                bad(
                        "then: {reduce",
                        "then: {increase_allocation: 5pp, reduce",
                        "31: reduce_allocation and increase_allocation are both given; keep exactly one"),
                bad(
                        "then: {reduce_allocation: 20%, ",
                        "then: {",
                        "31: reduce_allocation or increase_allocation or set_allocation or pause or roll_back or"
                                + " advance_tier or alert is missing in then; give exactly one"),
                bad(
                        "reduce_allocation:",
                        "reduce_alocation:",
                        "31: unknown key 'reduce_alocation'; did you mean 'reduce_allocation'?"),
                bad(
                        "  type: tiered",
                        "  # type",
                        "9: percentage_allocation is missing in allocation of type percentage; add it",
                        "11: unknown key 'tier_thresholds'; valid in allocation of type percentage are type,"
                                + " exploration, unscored, stickiness, percentage_allocation, ramp",
                        "12: unknown key 'active_tier'; valid in allocation of type percentage are type, exploration,"
                                + " unscored, stickiness, percentage_allocation, ramp"),
                bad(
                        "  type: tiered",
                        "  type: teired",
                        "10: type 'teired': not one of tiered, weighted_random, bandit, percentage;"
                                + " did you mean 'tiered'?"),
                bad(
                        "  # tier_prob",
                        "  tier_prob",
                        "13: active_tier and tier_probabilities are both given; keep exactly one"),
                bad(
                        "  active_tier: 2 ",
                        "",
                        "9: active_tier or tier_probabilities is missing in allocation of type tiered;"
                                + " give exactly one"),

                // Texts that are none
                bad("_id: checkout_v2\n", "_id: no\n", quote(2, "feature_id", "no")),
                bad("_id: checkout_v2\n", "_id: yes\n", quote(2, "feature_id", "yes")),
                bad("_id: checkout_v2\n", "_id: on\n", quote(2, "feature_id", "on")),
                bad("_id: checkout_v2\n", "_id: Off\n", quote(2, "feature_id", "Off")),
                bad("_id: checkout_v2\n", "_id: true\n", quote(2, "feature_id", "true")),
                bad("_id: checkout_v2\n", "_id: 012\n", quote(2, "feature_id", "012")),
                bad("_id: checkout_v2\n", "_id: 1e5\n", quote(2, "feature_id", "1e5")),
                bad("_id: checkout_v2\n", "_id: 12:30:45\n", quote(2, "feature_id", "12:30:45")),
                bad("_id: checkout_v2\n", "_id: 2026-11-23\n", quote(2, "feature_id", "2026-11-23")),
                bad("_id: checkout_v2\n", "_id: .nan\n", quote(2, "feature_id", ".nan")),
                bad("_id: checkout_v2\n", "_id: ~\n", quote(2, "feature_id", "~")),
                bad("_id: checkout_v2\n", "_id: null\n", quote(2, "feature_id", "null")),
                bad("_id: checkout_v2\n", "_id:\n", "2: feature_id: has no value; write one or remove the key"),
                bad("_id: checkout_v2\n", "_id: ''\n", "2: feature_id: is blank; write a text"),
                bad(
                        "_id: checkout_v2\n",
                        "_id: \"a\\nb\"\n",
                        "2: feature_id 'a\\u000ab': has spaces around it or a control character; remove them"),
                bad(
                        "_id: checkout_v2\n",
                        "_id: 1" + ":1".repeat(100_000) + "\n",
                        "2: feature_id '1" + ":1".repeat(29) + ":...': longer than 200 characters; shorten it"),
                bad("_id: checkout_v2\n", "_id: [a]\n", "2: feature_id: a single value belongs here, not a list"),
                bad("{low:", "{no:", quote(8, "key in segments", "no")),
                bad(
                        "layout: one_page",
                        "layout: ~",
                        "4: layout '~': is no value; remove the key or write \"~\" in quotes"),

                // Numbers, rates and durations
                bad(
                        "exploration: 5%",
                        "exploration: 5",
                        "20: exploration '5': above 1; write 5% for percent or a" + " number from 0 to 1"),
                bad("exploration: 5%", "exploration: 150%", "20: exploration '150%': outside 0% to 100%"),
                bad("exploration: 5%", "exploration: -5%", "20: exploration '-5%': outside 0% to 100%"),
                bad(
                        "exploration: 5%",
                        "exploration: -1", "20: exploration '-1': outside 0 to 1; write a rate, as in 5% or 0.05"),
                bad("exploration: 5%", "exploration: .nan", "20: exploration '.nan': not a rate; write 5% or 0.05"),
                bad("exploration: 5%", "exploration: NaN", "20: exploration 'NaN': not a rate; write 5% or 0.05"),
                bad("exploration: 5%", "exploration: 0,05", "20: exploration '0,05': not a rate; write 5% or 0.05"),
                bad(
                        "exploration: 5%",
                        "exploration: '0.05'", "20: exploration '0.05': a text in quotes; write it without quotes"),
                bad(
                        "exploration: 5%",
                        "exploration: 5pp",
                        "20: exploration '5pp': points are only for changes; write a rate, as in 5%"),
                bad("exploration: 5%", "exploration:", "20: exploration: has no value; write one or remove the key"),
                bad("[80, 50, 20]", "[80, .inf, 20]", number(11, "tier_thresholds", ".inf")),
                bad("[80, 50, 20]", "[80, 1e400, 20]", number(11, "tier_thresholds", "1e400")),
                bad(
                        "[80, 50, 20]",
                        "[0x50, 50, 1_0]",
                        number(11, "tier_thresholds", "0x50"),
                        number(11, "tier_thresholds", "1_0")),
                bad("[80, 50, 20]", "[080, 50, 20]", number(11, "tier_thresholds", "080")),
                bad(
                        "[80, 50, 20]",
                        "80",
                        "11: tier_thresholds '80': neither a list of scores, as in [80, 50, 20], nor best"),
                bad("[80, 50, 20]", "[120, 50, 20]", "11: tier threshold 120.0 is outside [0, 100]"),
                bad(
                        "[80, 50, 20]",
                        "[20, 50, 80]",
                        "11: tier thresholds [20.0, 50.0, 80.0] are out of order: tier 0 is the highest, list them"
                                + " descending"),
                bad(
                        "active_tier: 2",
                        "active_tier: 5",
                        "12: active tier 5 is outside [0, 4]: 3 thresholds make 4 tiers"),
                bad(
                        "active_tier: 2",
                        "active_tier: 3000000000",
                        "12: active_tier '3000000000': outside -2147483648 to 2147483647"),
                bad(
                        "min_users: 1000",
                        "min_users: 1_000",
                        "30: min_users '1_000': not a whole number of at most 15 digits; write digits only, as in 1000"),
                bad("min_users: 1000", "min_users: 0", "30: min_users 0 is below 1"),
                bad(
                        "within: 1d",
                        "within: 1w",
                        "24: within '1w': not a duration; write whole days, hours or minutes, as in 7d, 12h or 30m"),
                bad(
                        "within: 1d",
                        "within: 0d",
                        "24: Metric conversion_rate: within is PT0S, the window must be longer than zero"),
                bad(
                        "cooldown: 3d",
                        "cooldown: 3",
                        "32: cooldown '3': not a duration; write whole days, hours or minutes, as in 7d, 12h or 30m"),
                bad(
                        "within: 1d, higher_is_better: true",
                        "within: 1d, higher_is_better: yes",
                        "24: higher_is_better 'yes': neither true nor false"),
                bad(
                        "reduce_allocation: 20%",
                        "reduce_allocation: 0.2",
                        "31: reduce_allocation '0.2': percent or points? Write 20%, of the current share, or"
                                + " 20pp, of the full share"),
                bad(
                        "reduce_allocation: 20%",
                        "reduce_allocation: 0%", "31: reduce_allocation 0% changes nothing; write more than 0"),
                bad("confidence: 95%", "confidence: 50%", "30: confidence 0.5 is outside (50%, 100%): 95% is usual"),

                // Limits of the records
                bad(
                        "from: 0.0",
                        "from: 0.7",
                        "6: layer 'checkout' is [0.7, 0.5): a range is [from, to) with 0 <=" + " from < to <= 1"),
                bad(
                        "mid: [30, 70]",
                        "mid: [40, 70]",
                        "8: segments: segments leave a gap between 30.0 and 40.0:" + " they must partition [0, 100]"),
                bad(
                        "{low: [0, 30]",
                        "{all: [0, 30]",
                        "8: all: segment 'all': metrics use this name for users of every segment or of none; choose another"),
                bad("mid: [30, 70]", "mid: [30]", "8: mid: a segment has two ends; write [from, to], as in [30, 70]"),
                bad(
                        "    max_firings: 4\n",
                        "",
                        "33: mode enforce needs max_firings: shedding is random within a segment, so the rule can fire"
                                + " again and again down to its floor"),
                bad(
                        "conversions: 800",
                        "conversions: 20001",
                        "37: conversions 20001 of users 20000: needs 0 <= conversions <= users"),

                // One part about another
                bad(
                        "when: {segment: high",
                        "when: {segment: hihg",
                        "29: segment 'hihg': not declared in segments (low, mid, high, all); did you mean 'high'?"),
                bad(
                        "metric: conversion_rate",
                        "metric: conversionrate",
                        "29: metric 'conversionrate': not declared in metrics (conversion_rate, revenue_per_user);"
                                + " did you mean 'conversion_rate'?"),
                bad(
                        "metric: conversion_rate, below: 5%",
                        "metric: revenue_per_user, below: 5%",
                        "29: below '5%': percent and points are of a proportion, the metric is a mean; write a number,"
                                + " as in 12.5"),
                bad(
                        ", below: 5%",
                        ", below: 5", "29: below '5': above 1; write 5% for percent or a number from 0 to 1"),
                bad(
                        "metric: conversion_rate, below: 5%",
                        "metric: revenue_per_user, below: 5",
                        "37: metric revenue_per_user is a mean: give users, mean and sd"),
                bad(
                        "rule: pull_back_high_responders",
                        "rule: pull_back_high_responder",
                        "38: rule 'pull_back_high_responder': not declared in rules (pull_back_high_responders);"
                                + " did you mean 'pull_back_high_responders'?"),
                bad(
                        "given: {segment: high",
                        "given: {segment: scored",
                        "37: segment 'scored': not declared in segments (low, mid, high, all)"),
                bad(
                        "tests:\n",
                        """
                          - rule_id: pull_back_high_responders
                            description: once more
                            when: {segment: low, metric: conversion_rate, below: 1%}
                            evidence: {min_users: 1000}
                            then: {reduce_allocation: 5pp}
                        tests:
                        """,
                        "35: rule_id 'pull_back_high_responders': also declared on line 27; give every rule its own"
                                + " rule_id"),
                // Bandits, ramps and curves
                bad(
                        "  type: tiered",
                        """
                          type: bandit
                          bandit: {algorithm: exp3, reward: revenue, max_step: 10%, contxt: [plan], half_life: 5m}
                          #\
                        """,
                        "11: algorithm 'exp3': not one of thompson, epsilon_greedy, ucb",
                        "11: reward 'revenue': not declared in metrics (conversion_rate, revenue_per_user)",
                        "11: max_step '10%': not in points; write 10pp for a step of 0.1 in probability",
                        "11: half_life '5m': shorter than 1h; write a longer one, as in 28d, or remove the key to forget"
                                + " nothing",
                        "11: unknown key 'contxt'; did you mean 'context'?",
                        "13: unknown key 'tier_thresholds'; valid in allocation of type"
                                + " bandit are type, exploration, unscored, stickiness, bandit",
                        "14: unknown key"
                                + " 'active_tier'; valid in allocation of type bandit are type, exploration, unscored,"
                                + " stickiness, bandit"),
                replacingTiers(
                        "type: bandit\n  bandit: {algorithm: ucb, reward: conversion_rate, context: [plan, plan]}",
                        "11: context [plan, plan] names a column twice"),
                replacingTiers(
                        "type: bandit\n  bandit: {algorithm: ucb, reward: conversion_rate, context: [a, b, c, d, e, f]}",
                        "11: context: names 6 columns, but each splits every cell again; keep at most 5"),
                replacingTiers(
                        "type: bandit\n  bandit: {algorithm: ucb, reward: conversion_rate, floor: 60%}",
                        "11: floor 0.6 is outside [0, 0.5]"),
                bad(
                        "active_tier: 2 ",
                        "active_tier: 2\n  ramp: [{from: 2026-12-01, active_tier: 1}]",
                        "13: ramp begins with active_tier 1, but 2 tiers are enabled before it: a ramp only adds users;"
                                + " begin with 2 or more, or enable fewer before"),
                bad(
                        "active_tier: 2 ",
                        "active_tier: 1\n  ramp: [{from: 2026-12-08, active_tier: 2}, {from: 2026-12-01, active_tier: 3}]",
                        "13: ramp is out of order: 2026-12-01T00:00:00Z comes after 2026-12-08T00:00:00Z"),
                bad(
                        "active_tier: 2 ",
                        "active_tier: 1\n  ramp: [{from: 2026-02-30, active_tier: 2}, {from: soon, active_tier: 5}]",
                        "13: from '2026-02-30': the calendar has no such day; correct it",
                        "13: from 'soon': neither a day nor an instant in UTC; write 2026-12-01 or 2026-12-08T06:00:00Z",
                        "13: active_tier '5': outside 0 (nobody) to 4 (everybody)"),
                bad(
                        "active_tier: 2 ",
                        "active_tier: 1\n  ramp: [{from: 2026-12-08}, {to: 2, active_tier: 2, untl: {min_users: 5}},"
                                + " {to: 9}, {to: 3, until: {}}, {to: 3, until: {min_users: 0, no_rule_fired: 0d}}]",
                        "13: active_tier or to is missing in ramp; give exactly one",
                        "13: active_tier and to are both given; keep exactly one",
                        "13: unknown key 'untl'; did you mean 'until'?",
                        "13: to '9': outside 0 (nobody) to 4 (everybody)",
                        "13: until is empty: nothing would be waited for; give min_users, no_rule_fired or both",
                        "13: min_users '0': below 1; give how many users to wait for",
                        "13: no_rule_fired '0d': nothing would be waited for; write how long, as in 3d"),
                bad(
                        "active_tier: 2 ",
                        "active_tier: 1\n  ramp: [{to: 2}, {to: 2}]",
                        "13: ramp has two steps to tier 2: a step behind a gate has to raise something; remove one"),
                replacingTiers(
                        "percentage_allocation: 20%\n  ramp: [{to: 10%}]",
                        "11: ramp begins with 10 %, but 20 % are enabled before it: a ramp only adds users; begin with 20 %"
                                + " or more, or make percentage_allocation lower"),
                replacingTiers(
                        "ramp: [{to: 50%}, {to: 10%}]",
                        "10: ramp goes back from 50 % to 10 %: a ramp only adds users; set percentage_allocation to take"
                                + " them out"),
                replacingTiers("ramp: []", "10: ramp: has no step; give one or remove the key"),
                replacingTiers(
                        "ramp: [{to: 50, until: {max_users: 3}}]",
                        "10: to '50': above 1; write 50% for percent or a number from 0 to 1",
                        "10: unknown key 'max_users'; did you mean 'min_users'?"),
                replacingTiers(
                        "type: weighted_random\n  weight_parameters: {curve: piecewise, points: [[0, 50%], [100, 10%]]}",
                        "11: points fall from weight 0.5 at score 0.0 to 0.1 at 100.0: a higher score is enabled at least"
                                + " as often"),
                replacingTiers(
                        "type: weighted_random\n  weight_parameters: {curve: piecewise, points: [[10, 50%], [60, 70%]]}",
                        "11: points must begin with score 0 and end with score 100, as in [[0, 10%], [60, 20%], [100,"
                                + " 90%]]"),
                replacingTiers(
                        "type: weighted_random\n  weight_parameters: {curve: piecewise, points: [[0, 50], 60%]}",
                        "11: points '50': above 1; write 50% for percent or a number from 0 to 1",
                        "11: points '60%': a point is a score and its weight; write [score, weight], as in [60, 20%]"),
                replacingTiers(
                        "type: weighted_random\n  weight_parameters: {curve: linear, floor: 90%, ceiling: 10%}",
                        "11: floor 0.9 is above ceiling 0.1"),

                // YAML itself
                bad(
                        "status: active",
                        "\tstatus: active",
                        "3: not readable as YAML: found character '\\t(TAB)' that"
                                + " cannot start any token. (Do not use \\t(TAB) for indentation)"),
                bad(
                        "{layout: one_page}",
                        "{layout: one_page",
                        "5: not readable as YAML: expected ',' or '}', but" + " got <scalar>"),
                bad(
                        "{low: [0, 30]",
                        "{low: &a [0, 30], x: *a",
                        "8: anchor '&a' is not allowed; write the value" + " out wherever it is needed",
                        "8: alias '*a' is not allowed; write the value out"),
                bad(
                        "layout: one_page",
                        "layout: !!java.net.URL x",
                        "4: tag 'tag:yaml.org,2002:java.net.URL' is" + " not allowed; the key decides the type"),
                bad("status: active", "---", "3: a second document begins; write one experiment per file"),
                bad(
                        "{layout: one_page}",
                        "[".repeat(100_000),
                        "4: nested deeper than 20 levels; an experiment needs nine"),
                bad("one_page", "one\u0000page", "4: character U+0000 is not allowed; remove it"),
                bad(DESIGN, "", "the file is empty; it needs experiment_id, feature_id, salt and allocation"),
                bad(
                        DESIGN,
                        "# nothing",
                        "the file is empty; it needs experiment_id, feature_id, salt and" + " allocation"),
                bad(
                        DESIGN,
                        "- a\n- b",
                        "1: the file: a mapping belongs here: {key: value} or indented lines of" + " key: value"),
                bad(
                        DESIGN,
                        "x".repeat(100),
                        "1: the file '" + "x".repeat(60) + "...': a mapping belongs here:"
                                + " {key: value} or indented lines of key: value"));
    }

    private static String quote(int line, String key, String text) {
        return "%d: %s '%s': may be read as a boolean, null, a number or a date; write \"%s\" in quotes"
                .formatted(line, key, text, text);
    }

    private static String number(int line, String key, String text) {
        return "%d: %s '%s': not a finite number; write digits with at most one point, as in 12 or 0.05"
                .formatted(line, key, text);
    }

    @ParameterizedTest
    @MethodSource("badFiles")
    void aBadFileHasExactlyItsProblems(Bad bad) {
        assertThat(DESIGN).containsOnlyOnce(bad.replaced());
        assertThat(problems(DESIGN.replace(bad.replaced(), bad.by())))
                .containsExactly(bad.problems().stream()
                        .map(problem -> (Character.isDigit(problem.charAt(0)) ? "bad.yaml:" : "bad.yaml: ") + problem)
                        .toArray(String[]::new));
    }

    @Test
    void manyProblemsOfOneFileComeInTheOrderOfItsLines() {
        assertThat(problems("""
                        rules: {}
                        tests:
                          - given: {segment: scored, users: -1, conversions: 0}
                        metrics: {m: {kind: average}}
                        allocation: {percentage_allocation: all, stickiness: none}
                        salt: on
                        """))
                .containsExactly(
                        "bad.yaml:1: rules: a list belongs here: [a, b] or lines that begin with '- '",
                        "bad.yaml:1: experiment_id is missing in the file; add it",
                        "bad.yaml:1: feature_id is missing in the file; add it",
                        "bad.yaml:3: name is missing in tests; add it",
                        "bad.yaml:3: expect is missing in tests; add it",
                        "bad.yaml:4: kind 'average': not one of proportion, mean, ratio",
                        "bad.yaml:4: outcome is missing in m; add it",
                        "bad.yaml:4: within is missing in m; add it",
                        "bad.yaml:5: percentage_allocation 'all': not a rate; write 5% or 0.05",
                        "bad.yaml:6: salt 'on': may be read as a boolean, null, a number or a date; write \"on\" in"
                                + " quotes");
    }

    @Test
    void whatIsBrokenIsNotReportedAgainWhereItIsUsed() {
        assertThat(problems(DESIGN.replace("mid: [30, 70], high: [70, 100]", "high: [70, 100]")
                        .replace("kind: proportion", "kind: proportional")))
                .containsExactly(
                        "bad.yaml:8: segments: segments leave a gap between 30.0 and 70.0: they must partition [0, 100]",
                        "bad.yaml:24: kind 'proportional': not one of proportion, mean, ratio; did you mean 'proportion'?");
        assertThat(problems(DESIGN.replace("  - rule_id:", "    rule_id:")))
                .containsExactly("bad.yaml:26: rules: a list belongs here: [a, b] or lines that begin with '- '");
        assertThat(problems(DESIGN.replace("{low: [0, 30], mid: [30, 70], high: [70, 100]}", "[low, mid, high]")))
                .containsExactly("bad.yaml:8: segments: a mapping belongs here: {key: value} or indented lines of"
                        + " key: value");
    }

    private static final List<String> FRAGMENTS = List.of(
            "{", "}", "[", "]", ": ", ", ", "- ", "\n", "\n  ", "\n  - ", "? ", "| ", "> ", "'", "\"", "#", "&a ", "*a",
            "!!x ", "<<", "~", "null", "no", "-1", "0", "5%", "20pp", "1d", "1e999", ".nan", "3x2", "x0", "rules",
            "high", "\u0000", "\uD800", "\u2028");

    /** A good file with a piece of it moved elsewhere and fragments in its place. */
    private static String damaged(Dice dice) {
        String file = dice.oneOf(List.of(DESIGN, HostileRulesTest.GOOD));
        int start = dice.integer(0, 4_000) % file.length();
        int end = Math.min(start + dice.integer(0, 40), file.length());
        String inserted = String.join("", dice.list(0, 4, () -> dice.oneOf(FRAGMENTS)));
        String rest = file.substring(0, start) + inserted + file.substring(end);
        int target = dice.integer(0, 4_000) % (rest.length() + 1);
        return rest.substring(0, target) + file.substring(start, end) + rest.substring(target);
    }

    /** Whatever somebody types into a file, the answer is an experiment or problems, never another exception. */
    @Test
    void aDamagedFileNeverFailsInAnotherWay() {
        cases(20261124, 3_000, HostileFilesTest::damaged).allSatisfy(damaged -> {
            List<String> problems = problems(damaged);
            assertThat(problems)
                    .allSatisfy(problem ->
                            assertThat(problem).startsWith("bad.yaml").doesNotContain("\n"));
            if (problems.isEmpty()) {
                Experiment experiment = ExperimentFiles.parse("bad.yaml", damaged);
                assertThatCode(() -> experiment.tests().forEach(test -> test.failure(experiment)))
                        .doesNotThrowAnyException();
            }
        });
    }

    /** The problems, none where there are none. */
    static List<String> problems(String text) {
        try {
            ExperimentFiles.parse("bad.yaml", text);
            return List.of();
        } catch (ExperimentFilesException e) {
            assertThat(e)
                    .hasMessage(String.join(
                            "\n", e.problems().stream().map(Problem::toString).toList()));
            return e.problems().stream().map(Problem::toString).toList();
        }
    }

    @Test
    void ofManyProblemsTheMessageShowsSome() {
        String keys = IntStream.range(0, 5_000).mapToObj(i -> "k" + i + ": 1\n").collect(Collectors.joining());

        assertThatThrownBy(() -> ExperimentFiles.parse("e.yaml", keys))
                .isInstanceOfSatisfying(ExperimentFilesException.class, exception -> {
                    int all = exception.problems().size();
                    assertThat(all).isGreaterThan(5_000);
                    assertThat(exception.getMessage().lines()).hasSize(201);
                    assertThat(exception).hasMessageEndingWith("\n… and %,d problems more".formatted(all - 200));
                });
    }
}

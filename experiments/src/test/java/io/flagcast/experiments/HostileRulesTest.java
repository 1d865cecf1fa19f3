package io.flagcast.experiments;

import static io.flagcast.experiments.HostileFilesTest.problems;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.experiments.HostileFilesTest.Bad;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad rules and tests of rules, each with exactly the problems that it must have. */
class HostileRulesTest {

    static final String GOOD = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-1
            segments: {low: [0, 70], high: [70, 100]}
            allocation: {percentage_allocation: 50%}
            metrics:
              conversion: {kind: proportion, outcome: purchase, within: 1d}
              revenue: {kind: mean, outcome: purchase, within: 1d, heavy_tails: accepted}
            rules:
              - rule_id: pull_back
                description: d
                when:
                  segment: high
                  metric: conversion
                  below: 5%
                evidence:
                  min_users: 1000
                then:
                  reduce_allocation: 20%
                  not_below: 5%
                recover:
                  increase_allocation: 5%
                  not_above: 90%
                cooldown: 3d
                max_firings: 4
                mode: enforce
            tests:
              - name: n
                given:
                  segment: high
                  users: 500x30
                  conversions: 15x30
                expect:
                  - rule: pull_back
                    day: 30
                    outcome: fired
            """;

    private static Bad bad(String replaced, String by, String... problems) {
        return new Bad(replaced, by, List.of(problems));
    }

    static Stream<Bad> badFiles() {
        String level = "      metric: conversion\n      below: 5%\n";
        String then =
                "      reduce_allocation: 20%\n      not_below: 5%\n    recover:\n      increase_allocation: 5%\n      not_above: 90%\n";
        String rest = then + "    cooldown: 3d\n    max_firings: 4\n    mode: enforce\n";
        String revenue = "revenue: {kind: mean, outcome: purchase, within: 1d, heavy_tails: accepted}";
        String capped = "revenue: {kind: mean, outcome: purchase, within: 1d, cap: %s}";
        String conversion = "conversion: {kind: proportion, outcome: purchase, within: 1d}";
        return Stream.of(
                bad(
                        revenue,
                        capped.formatted("0"),
                        "8: cap '0': not above 0; write the largest value of a user that shall count, as in 500, or"
                                + " {quantile: 99.9%}"),
                bad(
                        revenue,
                        capped.formatted("-3.5"),
                        "8: cap '-3.5': not above 0; write the largest value of a user that shall count, as in 500, or"
                                + " {quantile: 99.9%}"),
                bad(
                        revenue,
                        capped.formatted("NaN"),
                        "8: cap 'NaN': not a finite number; write digits with at most one point, as in 12 or 0.05"),
                bad(
                        revenue,
                        capped.formatted("99.9%"),
                        "8: cap '99.9%': percent and points are of a proportion, the metric is a mean; write a number,"
                                + " as in 12.5"),
                bad(
                        revenue,
                        capped.formatted("{quantile: 100%}"),
                        "8: quantile '100%': not above 50% and below 100%; write one that few users pass, as in 99.9%"),
                bad(
                        revenue,
                        capped.formatted("{quantile: 99.9}"),
                        "8: quantile '99.9': above 1; write 99.9% for percent or a number from 0 to 1"),
                bad(
                        revenue,
                        capped.formatted("{quantil: 99.9%}"),
                        "8: unknown key 'quantil'; did you mean 'quantile'?"),
                bad(revenue, capped.formatted("{}"), "8: quantile is missing in cap; add it"),
                bad(revenue, capped.formatted("[500]"), "8: cap: a single value belongs here, not a list"),
                bad(
                        conversion,
                        "conversion: {kind: proportion, outcome: purchase, within: 1d, cap: 5}",
                        "7: cap of metric conversion: a proportion counts 0 or 1 of each user, nothing is there to cap;"
                                + " remove it"),
                bad(
                        conversion,
                        "conversion: {kind: proportion, outcome: purchase, within: 1d, heavy_tails: accepted}",
                        "7: heavy_tails of metric conversion: a proportion has none; remove it"),
                bad(
                        revenue,
                        capped.formatted("500, heavy_tails: accepted"),
                        "8: heavy_tails of metric revenue: a capped mean has none; remove it"),
                bad(revenue, capped.formatted("5, heavy_tails: true"), "8: heavy_tails 'true': not one of accepted"),
                bad(
                        level,
                        "      all:\n        - {metric: conversion, below: 5%}\n        - {metric: convrsion, below: 4%}\n",
                        "16: metric 'convrsion': not declared in metrics (conversion, revenue); did you mean"
                                + " 'conversion'?"),
                bad(
                        level,
                        "      all:\n        - {metric: conversion, below: 5%}\n        - {metric: conversion, above: 6%}\n",
                        "14: all of 'conversion of enabled below 0.05' and 'conversion of enabled above 0.06'"
                                + " can never hold together; correct one"),
                bad(
                        level,
                        "      any:\n        - {metric: conversion, below: 5%}\n        - all:\n          - {metric: revenue, below: 5}\n          - {metric: revenue, above: 5}\n",
                        "16: all of 'revenue of enabled below 5' and 'revenue of enabled above 5' can never hold"
                                + " together; correct one"),
                bad(
                        level,
                        "      all:\n        - {metric: conversion, below: 5%}\n",
                        "14: all has 1 conditions; give at least two, or write the one without it"),
                bad(
                        level,
                        "      all: []\n",
                        "14: all has 0 conditions; give at least two, or write the one without it"),
                bad(
                        level,
                        "      all: {metric: conversion, below: 5%}\n",
                        "14: all: a list belongs here: [a, b] or lines that begin with '- '"),
                bad(
                        level,
                        "      metric: conversion\n      below: 5%\n      all: [{metric: conversion, above: 6%}, {metric: revenue, below: 4}]\n",
                        "16: below and all are both given; keep exactly one"),
                bad(
                        level,
                        "      metric: conversion\n      all: [{metric: conversion, above: 6%}, {metric: revenue, below: 4}]\n",
                        "14: metric 'conversion': belongs in each condition of the list; move it there"),
                bad(
                        level,
                        "      al: [{metric: conversion, above: 6%}, {metric: revenue, below: 4}]\n",
                        "14: unknown key 'al'; did you mean 'all'?"),
                bad(
                        level,
                        "      all:\n        - {segment: low, metric: conversion, below: 5%}\n        - {metric: conversion, below: 4%}\n",
                        "15: unknown key 'segment'; valid in all are below, above, worse_than_control,"
                                + " better_than_control, drops, rises, all, any, population, metric"),
                bad(
                        "      below: 5%\n",
                        "",
                        "12: below or above or worse_than_control or better_than_control or drops or rises or"
                                + " all or any is missing in when; give exactly one"),
                bad(
                        "      below: 5%\n",
                        "      below: 5%\n      above: 6%\n", "16: below and above are both given; keep exactly one"),
                bad(
                        "below: 5%\n    evid",
                        "below: 0%\n    evid",
                        "15: below '0%': a proportion is never below that; write a level that it can pass"),
                bad(
                        "below: 5%\n    evid",
                        "above: 100%\n    evid",
                        "15: above '100%': a proportion is never above that; write a level that it can pass"),
                bad(
                        "below: 5%\n    evid",
                        "below: 5pp\n    evid", "15: below '5pp': points are only for changes; write a rate, as in 5%"),
                bad(
                        "below: 5%\n    evid",
                        "below: 5\n    evid", "15: below '5': above 1; write 5% for percent or a number from 0 to 1"),
                bad(
                        "metric: conversion\n      below: 5%\n",
                        "metric: revenue\n      below: 5%\n",
                        "15: below '5%': percent and points are of a proportion, the metric is a mean; write a"
                                + " number, as in 12.5"),
                bad(
                        "metric: conversion\n      below: 5%\n",
                        "metric: revenue\n      below: 5pp\n",
                        "15: below '5pp': percent and points are of a proportion, the metric is a mean; write a"
                                + " number, as in 12.5"),
                bad(
                        "not_below: 5%",
                        "not_below: 100%", "20: not_below is 100%: nothing could ever be taken; write less"),
                bad(
                        "not_below: 5%",
                        "not_below: 5pp", "20: not_below '5pp': points are only for changes; write a rate, as in 5%"),
                bad(
                        "not_below: 5%",
                        "not_below: 5", "20: not_below '5': above 1; write 5% for percent or a number from 0 to 1"),
                bad("not_above: 90%", "not_above: 0%", "23: not_above is 0%: nothing could ever be given; write more"),
                bad(
                        "not_above: 90%",
                        "not_above: 5%",
                        "21: recover: not_above 5 % is not above 5 %, which then leaves: what was taken could never"
                                + " be given back; write more"),
                bad(
                        rest,
                        "      increase_allocation: 20%\n      not_above: 0%\n",
                        "20: not_above is 0%: nothing could ever be given; write more"),
                bad(
                        "reduce_allocation: 20%",
                        "reduce_allocation: 20",
                        "19: reduce_allocation '20': percent or points? Write 20%, of the current share, or"
                                + " 20pp, of the full share"),
                bad(
                        "reduce_allocation: 20%",
                        "reduce_allocation: 120%", "19: reduce_allocation '120%': outside 0% to 100%"),
                bad(
                        "reduce_allocation: 20%",
                        "reduce_allocation: -20%", "19: reduce_allocation '-20%': outside 0% to 100%"),
                bad(
                        level,
                        "      metric: conversion\n      worse_than_control: {by: 10}\n",
                        "15: by '10': percent or points? Write 10%, of the mean of control, or 1pp, of a"
                                + " proportion"),
                bad(
                        level,
                        "      metric: revenue\n      worse_than_control: {by: 10pp}\n",
                        "15: by '10pp': points are of a proportion, the metric is a mean; write percent, as in"
                                + " 10%"),
                bad(
                        level,
                        "      metric: conversion\n      worse_than_control: 10%\n",
                        "15: worse_than_control '10%': a mapping belongs here: {key: value} or indented lines of"
                                + " key: value"),
                bad(
                        level,
                        "      metric: conversion\n      worse_than_control:\n        by: 100%\n",
                        "16: by '100%': nothing is worse by all of it; write less"),
                bad(
                        level,
                        "      population: control\n      metric: conversion\n      worse_than_control: {by: 10%}\n",
                        "14: population: against control it is always the enabled who are compared; remove it"),
                bad(
                        level,
                        "      metric: conversion\n      drops: {by: 20%, versus: 14d}\n",
                        "16: window is missing in evidence: drops and rises need it to say what is recent; add"
                                + " it, as in window: 7d, and the baseline is what was before it"),
                bad(
                        level,
                        "      metric: conversion\n      drops:\n        by: 100%\n        versus: 36h\n",
                        "16: by '100%': nothing drops by all of it; write less than 100%",
                        "17: versus '36h': no whole number of days: metrics are counted by day; write 7d"),
                bad(
                        level,
                        "      metric: conversion\n      drops: {by: 10, versus: 0d}\n",
                        "15: by '10': above 1; write 10% for percent or a number from 0 to 1",
                        "15: versus '0d': no whole number of days: metrics are counted by day; write 7d"),
                bad(
                        level,
                        "      metric: conversion\n      drops: {by: 10pp, versus: 2w}\n",
                        "15: by '10pp': a change from the baseline is in percent of it, not in points; write 10%",
                        "15: versus '2w': not a duration; write whole days, hours or minutes, as in 7d, 12h or"
                                + " 30m"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      window: 12h",
                        "18: window '12h': no whole number of days: metrics are counted by day; write 7d"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      method: point\n      confidence: 95%",
                        "18: method point uses no statistics: confidence and tuned_at have no meaning; remove"
                                + " them"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      method: points",
                        "18: method 'points': not one of confidence_sequence, point; did you mean 'point'?"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      consecutive_runs: 0",
                        "18: consecutive_runs 0 is below 1"),
                bad("      min_users: 1000", "      min_users: 1000\n      tuned_at: 0", "18: tuned_at 0 is below 1"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      on_missing: fire",
                        "18: on_missing 'fire': not one of inconclusive"),
                bad(
                        "      min_users: 1000",
                        "      min_users: 1000\n      confidence: 100%",
                        "18: confidence 1.0 is outside (50%, 100%): 95% is usual"),
                bad(
                        then,
                        "      alert: warning\n",
                        "20: cooldown '3d': an alert changes nothing, so that this has no meaning; remove it",
                        "21: max_firings '4': an alert changes nothing, so that this has no meaning; remove it"),
                bad(
                        then,
                        "      alert: warning\n    recover: {increase_allocation: 5%}\n",
                        "20: recover: gives back what reduce_allocation or set_allocation took, but this rule"
                                + " takes nothing; remove it",
                        "21: cooldown '3d': an alert changes nothing, so that this has no meaning; remove it",
                        "22: max_firings '4': an alert changes nothing, so that this has no meaning; remove it"),
                bad(then, "      alert: loud\n", "19: alert 'loud': not one of info, warning, critical"),
                bad(
                        then,
                        "      alert: warning\n      not_below: 5%\n",
                        "20: not_below '5%': a bound of reduce_allocation, which is not given; remove it"),
                bad(
                        then,
                        "      pause: true\n    recover: {increase_allocation: 5%}\n",
                        "20: recover: gives back what reduce_allocation or set_allocation took, but this rule"
                                + " takes nothing; remove it"),
                bad(then, "      pause: false\n", "19: pause 'false': write true or remove the key"),
                bad(then, "      pause: yes\n", "19: pause 'yes': neither true nor false"),
                bad(
                        then,
                        "      advance_tier: true\n",
                        "19: advance_tier 'true': the allocation has no active_tier to advance; use type tiered"
                                + " with active_tier"),
                bad(
                        then,
                        "      set_allocation: 10pp\n",
                        "19: set_allocation '10pp': points are only for changes; write a rate, as in 5%"),
                bad(
                        then,
                        "      set_allocation: 10%\n      not_below: 5%\n",
                        "20: not_below '5%': a bound of reduce_allocation, which is not given; remove it"),
                bad(
                        then,
                        "      reduce_allocation: 20%\n      not_above: 5%\n",
                        "20: not_above '5%': a bound of increase_allocation or advance_tier, which is not given; remove it"),
                bad(
                        then,
                        "      reduce_allocation: 20%\n      pause: true\n",
                        "20: reduce_allocation and pause are both given; keep exactly one"),
                bad(
                        then,
                        "      notify: team\n",
                        "18: reduce_allocation or increase_allocation or set_allocation or pause or roll_back or"
                                + " advance_tier or alert is missing in then; give exactly one",
                        "19: unknown key 'notify'; valid in then are reduce_allocation, increase_allocation,"
                                + " set_allocation, pause, roll_back, advance_tier, alert, not_below, not_above"),
                bad("cooldown: 3d", "requires_healthy: yes", "24: requires_healthy 'yes': neither true nor false"),
                bad("max_firings: 4", "max_firings: 0", "25: max_firings 0 is below 1"),
                bad(
                        "      increase_allocation: 5%\n      not_above: 90%",
                        "      not_above: 90%", "21: increase_allocation is missing in recover; add it"),
                bad(
                        "      increase_allocation: 5%\n      not_above: 90%",
                        "      increase_allocation: 0pp",
                        "22: increase_allocation 0pp changes nothing; write more than 0"),
                bad("day: 30", "day: 31", "35: day '31': outside 1 to 30, the days that are given"),
                bad("day: 30", "day: 0", "35: day '0': outside 1 to 30, the days that are given"),
                bad(
                        "expect:\n      - rule: pull_back\n        day: 30\n        outcome: fired\n",
                        "expect: []\n",
                        "33: expect: an empty list; give at least one value"),
                bad(
                        "      conversions: 15x30",
                        "      conversions: 15x30\n      users: 3",
                        "33: duplicate key 'users', first on line 31; keep one"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      metrics: {}",
                        "34: day '30': outside 1 to 1, the days that are given"),
                bad(
                        "outcome: fired",
                        "outcome: firing",
                        "36: outcome 'firing': not one of fired, recovered, held, inconclusive, suppressed"),
                bad(
                        "conversions: 15x30",
                        "conversions: 15x29",
                        "32: conversions of 29 days, users of 30: give both for every day"),
                bad(
                        "conversions: 15x30",
                        "conversions: [15x29, 501]",
                        "32: conversions 501 of users 500: needs 0 <= conversions <= users"),
                bad(
                        "conversions: 15x30",
                        "conversions: 1.5x30",
                        "32: conversions '1.5x30': not a count; write a whole number of at least 0"),
                bad(
                        "users: 500x30",
                        "users: -5x30",
                        "31: users '-5x30': not a count; write a whole number of at least 0"),
                bad(
                        "users: 500x30",
                        "users: 500x",
                        "31: users '500x': not a number per day; write 50 for one day or 50x30 for thirty equal"
                                + " ones"),
                bad(
                        "users: 500x30",
                        "users: 500x1001",
                        "31: users '500x1001': gives 1001 days; a test takes at most 1000"),
                bad("users: 500x30", "users: []", "31: users: an empty list; give at least one value"),
                bad(
                        "users: 500x30",
                        "users: [" + "1x9999, ".repeat(20_000) + "1]",
                        "31: users: gives 199980001 days; a test takes at most 1000"),
                bad(
                        "      conversions: 15x30",
                        "      conversions: 15x30\n      control: {users: 500}",
                        "33: metric conversion is a proportion: give users and conversions"),
                bad(
                        "      conversions: 15x30",
                        "      conversions: 15x30\n      metrics: {conversion: {users: 1, conversions: 1}}",
                        "31: unknown key 'users'; valid in given are segment, share, healthy, metrics",
                        "32: unknown key 'conversions'; valid in given are segment, share, healthy, metrics"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      metrics: {convrsion: {users: 1, conversions: 1}}",
                        "31: key in metrics 'convrsion': not declared in metrics (conversion, revenue); did you"
                                + " mean 'conversion'?"),
                bad(
                        "metric: conversion\n      below: 5%\n",
                        "metric: revenue\n      below: 5\n", "31: metric revenue is a mean: give users, mean and sd"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      users: 500x30\n      mean: 15x30\n      sd: 5x30",
                        "31: metric conversion is a proportion: give users and conversions"),
                bad(
                        level,
                        "      all: [{metric: conversion, below: 5%}, {metric: revenue, below: 10}]\n",
                        "30: users: the rules look at conversion, revenue; give each under metrics, as in"
                                + " metrics: {conversion: {users: 1000, ...}}"),
                bad(
                        "      segment: high\n      users: 500x30",
                        "      segment: low\n      users: 500x30",
                        "30: segment 'low' is given, but rule 'pull_back' watches 'high': give that one, or expect"
                                + " nothing of the rule"),
                bad(
                        "      conversions: 15x30",
                        "      conversions: 15x30\n      control: {users: 5x29, conversions: 1x29}",
                        "33: control of 29 days, users of 30: give both for every day"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      users: '500'\n      conversions: 0x30",
                        "31: users '500': a text in quotes; write it without quotes",
                        "32: conversions '0x30': may be read as a hexadecimal number; write \"0x30\" in quotes"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      metrics:\n        revenue:\n          users: [5, 6]\n          mean: [5, 6]\n"
                                + "          sd:\n            - 5\n            - -6",
                        "37: sd '-6': a standard deviation is never negative; write at least 0"),
                bad(
                        "      users: 500x30\n      conversions: 15x30",
                        "      metrics: {revenue: {users: 5x2, mean: 5x2, sd: 1}}",
                        "31: sd of 1 days, users of 2: give both for every day"),
                bad("kind: proportion", "kind: share", "7: kind 'share': not one of proportion, mean, ratio"),
                bad(
                        "allocation: {percentage_allocation: 50%}",
                        "allocation: {percentage_allocation: 50}",
                        "5: percentage_allocation '50': above 1; write 50% for percent or a number from 0 to 1"),
                bad(
                        level,
                        "      all: [".repeat(2000) + "\n",
                        "14: nested deeper than 20 levels; an experiment needs nine"),
                bad(
                        level,
                        "      all: [" + "{any: [".repeat(2000) + "{metric: conversion, below: 5%}" + "]}".repeat(2000)
                                + "]\n",
                        "14: nested deeper than 20 levels; an experiment needs nine"));
    }

    @ParameterizedTest
    @MethodSource("badFiles")
    void aBadFileHasExactlyItsProblems(Bad bad) {
        assertThat(GOOD).containsOnlyOnce(bad.replaced());
        assertThat(problems(GOOD.replace(bad.replaced(), bad.by())))
                .containsExactly(bad.problems().stream()
                        .map(problem -> "bad.yaml:" + problem)
                        .toArray(String[]::new));
    }

    @Test
    void theFileThatTheyDamageIsGood() {
        assertThat(problems(GOOD)).isEmpty();
    }

    @Test
    void conditionsMayStandWithinOneAnotherAsDeepAsAFileMayGo() {
        String level = "      metric: conversion\n      below: 5%\n";
        assertThat(problems(GOOD.replace(level, nested(7)).replaceFirst("(?s)tests:.*", "")))
                .isEmpty();
        assertThat(problems(GOOD.replace(level, nested(8)).replaceFirst("(?s)tests:.*", "")))
                .containsExactly("bad.yaml:14: nested deeper than 20 levels; an experiment needs nine");
    }

    private static String nested(int levels) {
        String condition = "{metric: conversion, below: 5%}";
        String any = condition;
        for (int i = 0; i < levels; i++) {
            any = "{any: [%s, %s]}".formatted(condition, any);
        }
        return "      all: [%s, %s]\n".formatted(condition, any);
    }
}

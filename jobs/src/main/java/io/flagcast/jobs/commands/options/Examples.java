package io.flagcast.jobs.commands.options;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** How each command is called, as the last lines of its help. */
public final class Examples {

    private static final String NAME = "flagcast ";

    private static final List<String> ALL = """
            flagcast demo
            flagcast demo --set flagcast.simulation.days=3
            flagcast simulate --conf flagcast.conf
            flagcast simulate --conf flagcast.conf --day 3
            flagcast run --conf flagcast.conf
            flagcast run --conf flagcast.conf --as-of 2026-03-10 --format json
            flagcast run --conf s3a://bucket/flagcast/flagcast.conf --dry-run
            flagcast features --conf flagcast.conf --as-of 2026-03-10
            flagcast train --conf flagcast.conf --as-of 2026-03-10
            flagcast score --conf flagcast.conf --as-of 2026-03-10
            flagcast allocate --conf flagcast.conf --as-of 2026-03-10
            flagcast measure --conf flagcast.conf --as-of 2026-03-10
            flagcast measure --conf flagcast.conf --every 5m
            flagcast govern --conf flagcast.conf --as-of 2026-03-10
            flagcast backfill --from 2026-03-01 --to 2026-03-07
            flagcast plan --conf flagcast.conf --as-of 2026-03-10
            flagcast status --conf flagcast.conf
            flagcast status --conf flagcast.conf --max-age 26h
            flagcast worth --conf flagcast.conf --metric revenue_per_user
            flagcast sql "SELECT count(*) FROM allocations" --conf flagcast.conf
            flagcast sql "FROM segment_metrics" --format csv
            flagcast views --conf flagcast.conf --to views.sql
            flagcast report --conf flagcast.conf --output report.html
            flagcast explain --user u42 --experiment checkout_v2
            flagcast explain --conf flagcast.conf --experiment checkout_v2
            flagcast preview --conf flagcast.conf
            flagcast preview --conf flagcast.conf edited/checkout_v2.yaml
            flagcast design --conf flagcast.conf --experiment checkout_v2
            flagcast design --users-per-day 5000 --baseline 4% checkout_v2.yaml
            flagcast rules test --conf flagcast.conf --junit rules.xml
            flagcast rules replay --conf flagcast.conf --experiment checkout_v2
            flagcast rules history --conf flagcast.conf --outcome fired
            flagcast rules show 20260310T000000Z-g1-checkout_v2-pull_back
            flagcast rules revert 20260310T000000Z-g1-checkout_v2-pull_back --dry-run
            flagcast alerts list --conf flagcast.conf
            flagcast alerts ack 3f2a91 --comment "the feed is being mended"
            flagcast alerts silence experiment_id=checkout_v2 --for 2d --comment known
            flagcast alerts unsilence experiment_id=checkout_v2
            flagcast alerts deliver --conf flagcast.conf
            flagcast approve 20260310T000000Z-g1-checkout_v2-pull_back
            flagcast rollback --conf flagcast.conf --publication 41 --dry-run
            flagcast rollback --experiment checkout_v2 --to-version 3
            flagcast maintain --conf flagcast.conf
            flagcast erase --conf flagcast.conf --user u42 --dry-run
            flagcast models list --conf flagcast.conf --feature checkout_v2
            flagcast models show --conf flagcast.conf m-fc3ffdb6070b
            flagcast models promote --conf flagcast.conf m-fc3ffdb6070b
            flagcast models rollback --conf flagcast.conf checkout_v2
            flagcast evaluate --conf flagcast.conf --feature checkout_v2
            flagcast evaluate-policy --conf flagcast.conf edited/checkout_v2.yaml
            flagcast describe inputs
            flagcast validate --conf flagcast.conf
            flagcast validate --conf flagcast.conf --lake
            flagcast config show --conf flagcast.conf --changed
            flagcast new config shop --output flagcast.conf
            flagcast new experiment checkout_v2 --output experiments/checkout_v2.yaml
            flagcast completion > /etc/bash_completion.d/flagcast
            flagcast help run
            """.lines().toList();

    private Examples() {}

    /** Adds its examples to the help of a command and of all below it. */
    public static void add(CommandLine command) {
        command.getSubcommands().values().forEach(Examples::add);
        List<String> own = of(command);
        if (command.getParent() != null && !own.isEmpty()) {
            command.getCommandSpec()
                    .usageMessage()
                    .footer(footer(command.getCommandSpec().usageMessage().footer(), own));
        }
    }

    private static String[] footer(String[] before, List<String> examples) {
        List<String> lines = new ArrayList<>(List.of(before));
        lines.add("");
        lines.add(examples.size() == 1 ? "Example:" : "Examples:");
        examples.forEach(example -> lines.add("  " + example.replace("%", "%%")));
        return lines.toArray(String[]::new);
    }

    /** The examples of one command. */
    public static List<String> of(CommandLine command) {
        String name = NAME + command.getCommandSpec().qualifiedName().replaceFirst("^\\S+ ?", "");
        return ALL.stream()
                .filter(example -> example.equals(name) || example.startsWith(name + " "))
                .toList();
    }
}

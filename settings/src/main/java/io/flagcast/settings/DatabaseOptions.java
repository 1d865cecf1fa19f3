package io.flagcast.settings;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Options of a source of format jdbc, as far as nobody has to ask the database for what is wrong with them. */
final class DatabaseOptions {

    private static final String PARTITION_COLUMN = "partitioncolumn";
    private static final List<String> OF_PARTS = List.of(PARTITION_COLUMN, "lowerbound", "upperbound", "numpartitions");
    private static final List<String> WHOLE_NUMBERS = List.of("numpartitions", "fetchsize", "querytimeout");

    private static final String BOUND = "-?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}.*";

    private DatabaseOptions() {}

    /**
     * Notes what is wrong.
     *
     * @param options of the source, by the names that they are written with; Spark reads them in any case
     */
    static void check(Block group, Map<String, String> options) {
        Map<String, String> written = options.keySet().stream()
                .collect(Collectors.toMap(
                        name -> name.toLowerCase(Locale.ROOT), name -> name, (first, second) -> first));
        if (written.containsKey("query") && written.containsKey(PARTITION_COLUMN)) {
            String query = written.get("query");
            group.problem(
                    Block.key(query),
                    options.get(query),
                    "no query is read in parts: write it as dbtable = \"(select …) as t\"");
        }
        List<String> lacking =
                OF_PARTS.stream().filter(name -> !written.containsKey(name)).toList();
        if (!lacking.isEmpty() && lacking.size() < OF_PARTS.size()) {
            group.problem(group.path()
                    + ": to be read in parts it needs partitionColumn, lowerBound, upperBound and numPartitions; without all of"
                    + " them it is read in one");
        }
        written.forEach((name, key) -> {
            String value = options.get(key);
            if (WHOLE_NUMBERS.contains(name)) {
                group.integer(Block.key(key));
            } else if (name.endsWith("bound") && OF_PARTS.contains(name) && !value.matches(BOUND)) {
                group.problem(
                        Block.key(key), value, "it must be a whole number, a date or a time, as partitionColumn is");
            }
        });
    }
}

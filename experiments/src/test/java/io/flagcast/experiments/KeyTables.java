package io.flagcast.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** The tables of every key of an experiment file, in Markdown, from the published schema. */
final class KeyTables {

    /** What a value is, for the definitions that are no block of keys. */
    private static final List<String> VALUES =
            List.of("name", "rate", "score", "duration", "amount", "points", "instant", "series");

    /** Values that more than one block has: a policy or curve is told by its own key. */
    private static final List<String> TOLD_BY = List.of("type", "curve");

    private final JsonNode schema;

    KeyTables(JsonNode schema) {
        this.schema = schema;
    }

    /**
     * A block of keys.
     *
     * @param title of its table
     * @param pointers to its definitions, several where it depends on a type which keys there are
     */
    private record Block(String title, List<String> pointers) {

        Block(String title, String... pointers) {
            this(title, List.of(pointers));
        }
    }

    private static final List<Block> BLOCKS = List.of(
            new Block("The file", ""),
            new Block("`layer`", "/properties/layer"),
            new Block("`value`", "/properties/value"),
            new Block("`allocation`", variants("allocation")),
            new Block("`allocation.ramp` of `tiered`, each step", "/$defs/allocation/oneOf/0/properties/ramp/items"),
            new Block(
                    "`allocation.ramp` of `percentage`, each step", "/$defs/allocation/oneOf/3/properties/ramp/items"),
            new Block("`until`", "/$defs/gate"),
            new Block("`allocation.weight_parameters`", variants("weights")),
            new Block("`allocation.bandit`", "/$defs/bandit"),
            new Block("`metrics`, each", "/$defs/metric"),
            new Block("`metrics`, `per` as a sum", "/$defs/metric/properties/per/oneOf/1"),
            new Block("`metrics`, `cap` as a quantile", "/$defs/metric/properties/cap/oneOf/1"),
            new Block("`rules`, each", "/$defs/rule"),
            new Block("`when`, and each condition under `all` or `any`, which has no `segment`", "/$defs/when"),
            new Block("`worse_than_control`, `better_than_control`", "/$defs/margin"),
            new Block("`drops`, `rises`", "/$defs/baseline"),
            new Block("`evidence`", "/$defs/evidence"),
            new Block("`then`", "/$defs/action"),
            new Block("`recover`", "/$defs/recovery"),
            new Block("`alerts`, each", "/$defs/alert"),
            new Block("`tests`, each", "/$defs/test"),
            new Block("`given`", "/$defs/given"),
            new Block("`given.metrics`, each", "/$defs/counts"),
            new Block("`control`", "/$defs/arm"),
            new Block("`expect`, each", "/$defs/expectation"));

    private static List<String> variants(String definition) {
        return Stream.of(0, 1, 2, 3)
                .map(variant -> "/$defs/%s/oneOf/%d".formatted(definition, variant))
                .toList();
    }

    /** All tables under their headings. */
    String markdown() {
        StringBuilder page = new StringBuilder("### Values\n\n| value | is | as in |\n|---|---|---|\n");
        for (String value : VALUES) {
            JsonNode definition = schema.at("/$defs/" + value);
            page.append("| %s | %s | %s |\n"
                    .formatted(value, definition.get("description").asString(), examples(definition)));
        }
        for (Block block : BLOCKS) {
            page.append(
                    "\n### %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n".formatted(block.title()));
            rows(block).forEach(row -> page.append("| ").append(row).append(" |\n"));
        }
        return page.toString();
    }

    private static String examples(JsonNode definition) {
        return definition.has("examples")
                ? children(definition.get("examples")).map(KeyTables::code).collect(Collectors.joining(", "))
                : "–";
    }

    private List<String> rows(Block block) {
        Map<String, List<JsonNode>> holders = new LinkedHashMap<>();
        for (String pointer : block.pointers()) {
            JsonNode holder = pointer.isEmpty() ? schema : schema.at(pointer);
            holder.get("properties")
                    .propertyNames()
                    .forEach(key -> holders.computeIfAbsent(key, any -> new ArrayList<>())
                            .add(holder));
        }
        List<String> rows = new ArrayList<>();
        holders.forEach((key, having) -> {
            List<JsonNode> properties = having.stream()
                    .map(holder -> holder.at("/properties/" + key))
                    .toList();
            List<String> sentences = new ArrayList<>();
            if (having.size() < block.pointers().size()) {
                sentences.add("Of " + having.stream().map(KeyTables::told).collect(Collectors.joining(", ")) + ":");
            }
            List<String> described = List.of(description(properties.get(0)).split("(?<=\\.) (?=[A-Z])", -1));
            described.stream()
                    .filter(sentence -> !sentence.startsWith("Default"))
                    .forEach(sentences::add);
            rows.add(String.join(
                    " | ",
                    "`" + key + "`",
                    values(properties),
                    standard(having, properties, key, described),
                    String.join(" ", sentences)));
        });
        return rows;
    }

    /** Whether a file needs the key, and what holds where it has none. */
    private String standard(List<JsonNode> having, List<JsonNode> properties, String key, List<String> described) {
        Optional<String> declared = properties.stream()
                .flatMap(property -> Stream.of(property, resolved(property)))
                .filter(property -> property.has("default"))
                .map(property -> code(property.get("default")))
                .findFirst();
        Optional<String> said = described.stream()
                .filter(sentence -> sentence.startsWith("Default"))
                .map(sentence -> sentence.replaceFirst("^Default:? ", "").replaceFirst("\\.$", ""))
                .findFirst();
        if (declared.or(() -> said).isPresent()) {
            return declared.or(() -> said).get();
        }
        JsonNode holder = having.get(0);
        if (names(holder.path("required")).contains(key)) {
            return "required";
        }
        if (names(holder.at("/else/required")).contains(key)) {
            return "required without "
                    + children(holder.at("/if/anyOf"))
                            .flatMap(branch -> names(branch.path("required")).stream())
                            .map(other -> "`" + other + "`")
                            .collect(Collectors.joining(" and "));
        }
        return alternatives(holder, key).orElse("–");
    }

    /** What stands together with a key, of which the block has to have either this or something else. */
    private static Optional<String> alternatives(JsonNode holder, String key) {
        List<String> ways = children(holder.path("oneOf"))
                .map(branch -> names(branch.path("required")))
                .filter(required -> required.contains(key))
                .map(required -> required.size() == 1
                        ? "one of these"
                        : "with "
                                + required.stream()
                                        .filter(other -> !other.equals(key))
                                        .map(other -> "`" + other + "`")
                                        .collect(Collectors.joining(", ")))
                .toList();
        return ways.isEmpty() ? Optional.empty() : Optional.of(String.join(", or ", ways));
    }

    private static Set<String> names(JsonNode texts) {
        return children(texts).map(JsonNode::asString).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private String values(List<JsonNode> properties) {
        return properties.stream().map(this::value).distinct().collect(Collectors.joining(", "));
    }

    private String value(JsonNode property) {
        JsonNode node = property;
        while (node.has("$ref")) {
            String definition = node.get("$ref").asString().replace("#/$defs/", "");
            if (VALUES.contains(definition)) {
                return definition;
            }
            node = target(node);
        }
        if (node.has("enum")) {
            return children(node.get("enum")).map(KeyTables::code).collect(Collectors.joining(", "));
        }
        if (node.has("const")) {
            return code(node.get("const"));
        }
        JsonNode type = node.path("type");
        if (type.isMissingNode()) {
            return either(
                    children(node.path(node.has("oneOf") ? "oneOf" : "anyOf")).map(this::value));
        }
        return type.isArray() ? either(children(type).map(each -> ofType(each, type))) : ofType(type, node);
    }

    private static String either(Stream<String> values) {
        return values.distinct().collect(Collectors.joining(" or "));
    }

    private String ofType(JsonNode type, JsonNode node) {
        return switch (type.asString()) {
            case "array" -> node.has("prefixItems") ? "pair" : "list of " + value(node.get("items"));
            case "object" -> node.has("properties") ? "block" : "by name: " + value(node.get("additionalProperties"));
            case "boolean" -> "`true`, `false`";
            case "integer" -> "whole number";
            case "number" -> "number";
            default -> node.path("pattern").asString("").contains("%") ? "percent" : "text";
        };
    }

    private String description(JsonNode property) {
        JsonNode node = property;
        while (!node.has("description") && node.has("$ref")) {
            node = target(node);
        }
        return node.path("description")
                .asString(node.has("const") ? "Which of them it is." : "")
                .replace("|", "\\|");
    }

    private JsonNode resolved(JsonNode property) {
        JsonNode node = property;
        while (node.has("$ref")) {
            node = target(node);
        }
        return node;
    }

    private JsonNode target(JsonNode node) {
        return schema.at(node.get("$ref").asString().substring(1));
    }

    private static String told(JsonNode holder) {
        return TOLD_BY.stream()
                .map(key -> holder.at("/properties/" + key + "/const"))
                .filter(JsonNode::isString)
                .map(KeyTables::code)
                .findFirst()
                .orElseThrow();
    }

    private static String code(JsonNode value) {
        return "`" + (value.isString() ? value.asString() : value.toString()) + "`";
    }

    private static Stream<JsonNode> children(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}

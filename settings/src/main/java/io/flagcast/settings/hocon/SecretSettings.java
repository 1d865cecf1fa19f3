package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.flagcast.lake.Secrets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The secrets in configuration: options that are one by their names, the logins of addresses, and the addresses of Slack,
 * which whoever knows them may write to. None stands where it is written down.
 */
final class SecretSettings {

    /** The key of a group that stands for what is in a file. */
    private static final String FILE = "secret-file";

    private static final String INSTEAD = "name an environment variable by ${NAME} or a file by { " + FILE
            + " = path }, give the key as a Java property -Dflagcast.…, or leave keys of S3 to a Hadoop credential provider";
    private static final String S3 = "an address of S3 takes no keys: keep them in AWS_ACCESS_KEY_ID and"
            + " AWS_SECRET_ACCESS_KEY of the environment, or in a Hadoop credential provider";

    /** One value, or one element of a list. */
    private record Leaf(List<String> path, ConfigValue value) {

        String name() {
            return SecretSettings.name(path);
        }

        boolean isFile() {
            return value instanceof ConfigObject group && group.containsKey(FILE);
        }

        /** Whether a file may hold it: secrets, and addresses with secrets in them. */
        boolean mayBeFile() {
            return Secrets.isName(name()) || name().equals("url");
        }

        String text() {
            return String.valueOf(value.unwrapped());
        }

        String key() {
            return ConfigUtil.joinPath(path);
        }

        String place() {
            return Text.place(value);
        }
    }

    private SecretSettings() {}

    /** The last part of a key; options of readers may have dots in their names. */
    private static String name(List<String> path) {
        int options = path.indexOf("options");
        return options >= 0 && options < path.size() - 1
                ? String.join(".", path.subList(options + 1, path.size()))
                : path.isEmpty() ? "" : path.get(path.size() - 1);
    }

    /** Expressions and schemas are about data. */
    private static boolean isOfData(List<String> path) {
        return path.contains("columns") || name(path).equals("schema");
    }

    private static List<Leaf> leaves(List<String> path, ConfigValue value) {
        List<Leaf> leaves = new ArrayList<>();
        collect(new Leaf(path, value), leaves);
        leaves.removeIf(leaf -> isOfData(leaf.path()));
        return leaves;
    }

    private static void collect(Leaf leaf, List<Leaf> leaves) {
        try {
            if (leaf.value() instanceof ConfigObject group && !leaf.isFile()) {
                for (Map.Entry<String, ConfigValue> entry : group.entrySet()) {
                    List<String> path = new ArrayList<>(leaf.path());
                    path.add(entry.getKey());
                    collect(new Leaf(path, entry.getValue()), leaves);
                }
            } else if (leaf.value() instanceof ConfigList list) {
                list.forEach(element -> collect(new Leaf(leaf.path(), element), leaves));
            } else if (leaf.value().valueType() != ConfigValueType.NULL) {
                leaves.add(leaf);
            }
        } catch (ConfigException.NotResolved e) {
            // What names something that is nowhere said is not known.
            return;
        }
    }

    private static boolean isSlack(Config config, Leaf leaf) {
        List<String> path = leaf.path();
        String type = path.size() < 2 ? "" : ConfigUtil.joinPath(path.subList(0, path.size() - 1)) + ".type";
        // Over http everybody on the way reads it: no secret to be kept.
        return leaf.name().equals("url")
                && path.size() > 1
                && config.hasPath(type)
                && "slack".equals(config.getValue(type).unwrapped())
                && !leaf.text().startsWith("http://");
    }

    /** Problems with the secrets in texts as they stand there. */
    static List<String> written(List<Text> texts) {
        return texts.stream()
                .flatMap(text -> text.outline().entries().stream()
                        .filter(entry -> !isOfData(entry.path()) && isWritten(name(entry.path()), entry.words()))
                        .map(entry -> problem(
                                text.place() + ": " + entry.line(), ConfigUtil.joinPath(entry.path()), entry.words())))
                .toList();
    }

    /**
     * Problems with the secrets that are made of what is written down.
     *
     * @param config as it is where variables and properties are empty
     * @param said the same, not resolved
     */
    static List<String> written(Config config, Config said) {
        return leaves(List.of(), config.root()).stream()
                .filter(leaf -> !leaf.isFile())
                .filter(leaf -> isWritten(leaf.name(), leaf.text())
                        // The last part of the address is the secret.
                        || (isSlack(config, leaf) && leaf.text().matches("(?s)\\w+://[^/]+/.*[^/]")))
                .map(leaf -> problem(Expansion.place(said, leaf.path()), leaf.key(), leaf.text()))
                .toList();
    }

    private static String problem(String place, String key, String text) {
        return "%s: %s %s a secret, which may not stand here: %s"
                .formatted(place, key, Secrets.of(text).isEmpty() ? "is" : "holds", INSTEAD);
    }

    private static boolean isWritten(String name, String text) {
        // An address of S3 may not hold one, wherever it comes from.
        return !Secrets.isS3Login(text)
                && ((Secrets.isName(name) && !text.isBlank())
                        || Secrets.of(text).stream().anyMatch(secret -> !secret.isBlank()));
    }

    /**
     * Resolved configuration with what its secret files hold.
     *
     * @param written what is wrong with secrets that are written down
     */
    static Configuration filled(Config config, List<String> written) {
        List<String> problems = new ArrayList<>(written);
        Config filled = config;
        Set<String> files = new HashSet<>();
        for (Leaf leaf : leaves(List.of(Layers.ROOT), config.getValue(Layers.ROOT))) {
            if (leaf.isFile()) {
                files.add(leaf.key());
                filled =
                        filled.withValue(leaf.key(), ConfigValueFactory.fromAnyRef(text(leaf, problems), leaf.place()));
            }
        }
        return known(filled, files, problems);
    }

    private static String text(Leaf leaf, List<String> problems) {
        String what;
        if (!leaf.mayBeFile()) {
            what = "it is no secret, which alone a " + FILE + " may hold: write the value, or ${NAME}";
        } else if (((ConfigObject) leaf.value()).size() > 1) {
            what = FILE + " stands alone in its group: take the rest out";
        } else {
            try {
                return SecretFile.read(
                        String.valueOf(((ConfigObject) leaf.value()).get(FILE).unwrapped()));
            } catch (IOException e) {
                what = e.getMessage();
            }
        }
        problems.add("%s: %s: %s".formatted(leaf.place(), leaf.key(), what));
        return "";
    }

    /** Configuration in which secret files, and what names nothing, stand as they are. */
    static Configuration known(Config config, List<String> problems) {
        return known(config, Set.of(), problems);
    }

    private static Configuration known(Config config, Set<String> files, List<String> problems) {
        List<String> all = new ArrayList<>(problems);
        Set<String> secrets = new HashSet<>();
        Config shown = config;
        for (Leaf leaf : leaves(List.of(Layers.ROOT), config.getValue(Layers.ROOT))) {
            String text = leaf.text();
            if (leaf.isFile() || text.isEmpty()) {
                continue;
            }
            List<String> parts = Secrets.of(text);
            if (Secrets.isS3Login(text)) {
                all.add("%s: %s: %s".formatted(leaf.place(), leaf.key(), S3));
            }
            if (files.contains(leaf.key()) || Secrets.isName(leaf.name()) || isSlack(config, leaf)) {
                secrets.add(text);
                shown = shown.withValue(leaf.key(), ConfigValueFactory.fromAnyRef(Secrets.HIDDEN));
            } else if (!parts.isEmpty()) {
                secrets.addAll(parts);
                shown = shown.withValue(leaf.key(), ConfigValueFactory.fromAnyRef(Secrets.hidden(text)));
            }
        }
        return new Configuration(config, shown, secrets, all);
    }
}

package io.flagcast.settings.hocon;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import io.flagcast.fixtures.Dice;
import io.flagcast.settings.hocon.Outline.Entry;
import io.flagcast.settings.hocon.Outline.Include;
import io.flagcast.settings.hocon.Outline.Within;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What stands where in a text, found without its parser. */
class OutlineTest {

    private static Outline outline(String text) {
        return Outline.of("text", text, Within.NOTHING, Bounds.strict());
    }

    private static Entry value(int line, String words, List<List<String>> references, String... path) {
        return new Entry(List.of(path), line, false, words, references);
    }

    @Test
    void aKeyHasItsGroupsItsLineItsWordsAndWhatItRefersTo() {
        assertThat(outline("""
                        # a = 1
                        a { b."c.d": one "two}" // three
                          e
                            = ${x.y}"/"${?"z z"} }
                        f = [1, {g = "]"}
                          {g = 2}], f += null
                        h = \"""
                        i = 1\"""
                        j = {}
                        """).entries())
                .containsExactly(
                        value(2, "onetwo}", List.of(), "a", "b", "c.d"),
                        value(4, "/", List.of(List.of("x", "y"), List.of("z z")), "a", "e"),
                        new Entry(List.of("a"), 2, true, "", List.of()),
                        value(5, "]", List.of(), "f", "[1]", "g"),
                        value(6, "2", List.of(), "f", "[2]", "g"),
                        value(5, "1", List.of(), "f"),
                        value(6, "", List.of(), "f"),
                        value(7, "\ni = 1", List.of(), "h"),
                        new Entry(List.of("j"), 9, true, "", List.of()));
    }

    @Test
    void groupsAfterOneAnotherAreAGroupAndAnythingBesideIsAValue() {
        assertThat(outline("a = {} {}\nb = ${a} {}\nc = {} [1]\nd = {} x").entries())
                .extracting(Entry::isGroup)
                .containsExactly(true, false, false, false);
    }

    @Test
    void anIncludeStatementHasItsLineAndItsGroups() {
        assertThat(outline(
                                "include \"a\"\nb.c { include required(file(\"d\")) }\nincluded = 1\n\"include\" = 2, e = include")
                        .includes())
                .containsExactly(new Include(1, Within.NOTHING), new Include(2, new Within(List.of("b", "c"), 2)));
    }

    @Test
    void aTextThatIsNoHoconHasAnOutlineToo() {
        assertThat(outline("a = \"open\nb = 1").entries())
                .containsExactly(value(1, "open", List.of(), "a"), value(2, "1", List.of(), "b"));
        for (String text :
                List.of("}}]", "{{[[", "=", "a = ${", "\"\"\"", "\\", "a..b = 1", "${a} = 1", "a = \"\\", "+")) {
            assertThat(outline(text).includes()).as(text).isEmpty();
        }
    }

    /** The keys, in any way to write them. */
    @Test
    void itFindsTheKeysAndReferencesThatTheParserFinds() {
        cases(1, 2_000, dice -> group(dice, 0, "\n")).allSatisfy(text -> {
            Map<String, String> found = new HashMap<>();
            outline(text).entries().stream()
                    .filter(entry -> !entry.isGroup() && entry.path().stream().noneMatch(name -> name.startsWith("[")))
                    .forEach(entry -> found.put(
                            entry.path().toString(), entry.references().toString()));

            assertThat(found).isEqualTo(parsed(text));
        });
    }

    private static Map<String, String> parsed(String text) {
        Config config =
                ConfigFactory.parseString(text, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF));
        Map<String, String> leaves = new HashMap<>();
        collect(List.of(), config.root(), leaves);
        return leaves;
    }

    private static void collect(List<String> path, ConfigValue value, Map<String, String> leaves) {
        if (value instanceof ConfigObject group) {
            group.forEach((name, inner) -> {
                List<String> below = new ArrayList<>(path);
                below.add(name);
                collect(below, inner, leaves);
            });
        } else {
            // Rendered, a value is JSON and references.
            String rendered = "it=" + value.render(ConfigRenderOptions.concise());
            leaves.put(
                    path.toString(),
                    outline(rendered).entries().stream()
                            .filter(entry -> entry.path().equals(List.of("it")))
                            .map(entry -> entry.references().toString())
                            .findFirst()
                            .orElseThrow());
        }
    }

    /** Fields of a group, each key of which is another. */
    private static String group(Dice dice, int depth, String end) {
        StringBuilder text = new StringBuilder();
        int fields = dice.integer(0, 4);
        for (int i = 0; i < fields; i++) {
            String key = dice.oneOf(
                            List.of("k%d", "\"k %d\"", "k.%d", "k-%d.\"a.}{\"", "k%d k", "\"\\\"k%d\"", "include%d"))
                    .formatted(i);
            String before = dice.oneOf(List.of("", " ", "\n", "# {\n", "// \"\n", "\u00a0"));
            if (depth < 4 && dice.integer(0, 3) == 3) {
                String equals = dice.oneOf(List.of("", " = ", "\n:", " \n"));
                text.append(before + key + equals + "{" + group(dice, depth + 1, "") + "}");
            } else {
                text.append(before + key + dice.oneOf(List.of("=", " : ", "\n=\n", "=\n\n")) + value(dice, depth));
            }
            text.append(dice.oneOf(List.of("\n", ",", " ,\n", "\n,", " # x,y=1\n", "//\n", "\n\n")));
        }
        return text + end;
    }

    private static String value(Dice dice, int depth) {
        if (depth < 4 && dice.integer(0, 3) == 3) {
            List<String> elements = dice.list(0, 3, () -> value(dice, depth + 1));
            return "[" + String.join(dice.oneOf(List.of(",", "\n", " ,\n")), elements) + "]";
        }
        List<String> words = dice.list(
                1,
                3,
                () -> dice.oneOf(List.of(
                        "word",
                        "1.5e-7",
                        "\"a \\\" } , # //\"",
                        "${a.b}",
                        "${?k.\"x.}\"}",
                        "\"\"\"a \" { \n = \"\"\"\"",
                        "a/b",
                        "\"\"",
                        "${LIST[]}",
                        "-",
                        "true",
                        "%é中")));
        return String.join(dice.oneOf(List.of(" ", "  ")), words);
    }
}

package io.flagcast.settings.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.typesafe.config.Config;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each of these texts is more than the parser has stack, memory or a day for. */
class BoundsTest {

    @TempDir
    private Path folder;

    private static String lines(int n, IntFunction<String> line) {
        return IntStream.range(0, n).mapToObj(line).collect(Collectors.joining("\n"));
    }

    private static Stream<Arguments> texts() {
        String levels = "1: configuration has more than 100 levels of groups, lists and a.b.c: settings need six";
        String length = " stands for more than 1,000,000 characters once its ${…} are filled in: refer to less";
        return Stream.of(
                arguments("groups", "a " + "{a ".repeat(5_000) + "{}" + "}".repeat(5_000), levels),
                arguments("lists", "a=" + "[".repeat(50_000) + "]".repeat(50_000), levels),
                arguments("lists of groups", "a=" + "[{a=".repeat(5_000) + "1" + "}]".repeat(5_000), levels),
                arguments("groups of parts", "a.b.c { ".repeat(5_000) + "}".repeat(5_000), levels),
                arguments("a key of parts", "a" + ".a".repeat(20_000) + " = 1", levels),
                arguments("a quoted key of parts", "a" + ".\"a\"".repeat(3_000) + " = 1", levels),
                arguments("a reference of parts", "a = ${a" + ".a".repeat(20_000) + "}", levels),
                arguments("bytes", "# a comment\n".repeat(5_000_000), ": configuration has more than 262,144 bytes"),
                arguments(
                        "a long text",
                        "a = \"" + "x".repeat(10_000_000) + "\"",
                        "262,144 bytes: is this the right file?"),
                arguments(
                        "a list",
                        "a = 1\nb = [" + "1,".repeat(100_000) + "1]",
                        "2: configuration has more than 10,000 values and words"),
                arguments("words", "a = " + "w ".repeat(100_000), "more than 10,000 values and words"),
                arguments("lists in a row", "a = " + "[] ".repeat(80_000), "more than 10,000 values and words"),
                arguments("keys", lines(20_000, i -> "a.k" + i + "=1"), "2001: configuration has more than 2,000 keys"),
                arguments("+=", lines(20_000, i -> "a+=1"), "1: configuration has more than 2,000 keys"),
                arguments("a few +=", lines(1_500, i -> "a+=1"), "1500: key 'a' stands more than once: keep one"),
                arguments("references", "x=1\na=" + "${x}".repeat(40_000), "2: configuration has more than 1,000 ${…}"),
                arguments(
                        "what was before", "a=1\n" + lines(900, i -> "a=${a}x"), "901: key 'a' stands more than once"),
                arguments(
                        "doubled texts",
                        "a0=0123456789\n" + lines(40, i -> "a" + (i + 1) + "=${a" + i + "}${a" + i + "}"),
                        length),
                arguments(
                        "doubled nothing",
                        "a0=\"\"\n" + lines(40, i -> "a" + (i + 1) + "=${a" + i + "}${a" + i + "}"),
                        length),
                arguments(
                        "doubled lists",
                        "a0=[1]\n" + lines(40, i -> "a" + (i + 1) + "=${a" + i + "}${a" + i + "}"),
                        length),
                arguments(
                        "doubled groups",
                        "a0={}\n" + lines(40, i -> "a" + (i + 1) + " { x=${a" + i + "}, y=${a" + i + "} }"),
                        length),
                arguments(
                        "doubled in one group",
                        "b={x0=1}\na=${b}\na {" + lines(40, i -> "x" + (i + 1) + "=${a.x" + i + "}${a.x" + i + "}")
                                + "}",
                        length),
                arguments(
                        "a row of references",
                        lines(900, i -> "a" + i + "=${a" + (i + 1) + "}") + "\na900=1",
                        "takes more than 100 ${…} in a row: name the value itself"),
                arguments(
                        "groups by reference that refer through one another",
                        lines(
                                60,
                                i -> "c%d=${?c%d.y}${?c%d.x}{x=${?c%d.y}, y=${?c%d.x}}"
                                        .formatted(i, i + 1, i + 2, i + 1, i + 3)),
                        "leads through more than 1,000 groups that are ${…} themselves"));
    }

    private Refusal refused(String text, List<String> set, Map<String, String> environment) throws IOException {
        Path file = Files.writeString(folder.resolve("flagcast.conf"), text);
        Layers layers = new Layers(Optional.of(ConfFile.of(file)), set, Variables.of(environment));
        Refusal[] refusal = new Refusal[1];
        assertThatThrownBy(layers::resolved)
                .isInstanceOfSatisfying(Refusal.class, thrown -> refusal[0] = thrown)
                .satisfies(thrown -> assertThat(((Refusal) thrown).exitCode()).isEqualTo(ExitCode.CONFIGURATION));
        return refusal[0];
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("texts")
    void tooMuchIsRefusedWithItsPlaceBeforeItIsParsed(String what, String text, String message) throws IOException {
        assertThat(refused(text, List.of(), Map.of()))
                .hasMessageContaining("flagcast.conf: ")
                .hasMessageContaining(message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("texts")
    void soItIsInAnIncludedFile(String what, String text, String message) throws IOException {
        Files.writeString(folder.resolve("included.conf"), text);

        String shown = refused("include \"included.conf\"", List.of(), Map.of()).getMessage();
        assertThat(shown).contains("included.conf: ").contains(message);
        assertThat(shown).hasSizeLessThan(1_000);
    }

    private static Stream<Arguments> counted() {
        return texts().filter(arguments -> arguments.get()[2].toString().contains("configuration has more than"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("counted")
    void soItIsOnTheCommandLine(String what, String text, String message) throws IOException {
        assertThat(refused("", List.of("flagcast.x = {\n" + text + "\n}"), Map.of())
                        .getMessage())
                .startsWith("--set flagcast.x…: ")
                .contains("configuration has more than")
                .hasSizeLessThan(1_000);
    }

    @Test
    void manyOptionsAreCountedTogether() throws IOException {
        assertThat(refused("", Collections.nCopies(5_000, "flagcast.a=1"), Map.of()))
                .hasMessage("--set flagcast.a=1: 1: configuration has more than 2,000 keys: settings need some dozens");
        List<String> doubled = IntStream.range(0, 40)
                .mapToObj(i -> "flagcast.a%d=${flagcast.a%d}${flagcast.a%d}".formatted(i + 1, i, i))
                .toList();
        assertThat(refused("flagcast.a0=0123456789", doubled, Map.of()))
                .hasMessageContaining("--set flagcast.a1")
                .hasMessageContaining("stands for more than 1,000,000 characters");
        assertThat(refused("a=1", Collections.nCopies(40, "a=${a}${a}"), Map.of()))
                .hasMessage(
                        "--set a=${a}${a}: 1: a has more than 20 values with ${…} upon one another: write them as one");
        assertThat(refused("a=1", Collections.nCopies(20, "a=${a}${a}${a}"), Map.of()))
                .hasMessageStartingWith("--set a=${a}${a}${a}: 1: a stands for more than 1,000,000 characters");
    }

    @Test
    void aLongVariableIsNotMadeLongerByManyReferences() throws IOException {
        Map<String, String> environment = Map.of("LONG", "x".repeat(100_000), "CONFIG_FORCE_b", "x".repeat(100_000));

        assertThat(refused("a=" + "${LONG}".repeat(20), List.of(), environment))
                .hasMessageContaining("flagcast.conf: 1: a stands for more than");
        assertThat(refused("a=" + "${b}".repeat(20), List.of(), environment))
                .hasMessageContaining("flagcast.conf: 1: a stands for more than");
    }

    @Test
    void aVariableIsNoBombByItself() {
        Map<String, String> environment = new HashMap<>();
        environment.put("CONFIG_FORCE_flagcast_a", "${b}${b}");
        environment.put("a" + ".a".repeat(20_000), "of no use");
        environment.put("UNUSED", "x".repeat(2_000_000));
        Config config = new Layers(Optional.empty(), List.of(), Variables.of(environment))
                .resolved()
                .config();

        assertThat(config.getString("flagcast.a")).isEqualTo("${b}${b}");
    }

    @Test
    void aVariableOrPropertyOfManyPartsIsRefused() throws IOException {
        String parts = "_a".repeat(20_000);
        assertThat(refused("", List.of(), Map.of("CONFIG_FORCE_flagcast" + parts, "1"))
                        .getMessage())
                .startsWith("environment variable CONFIG_FORCE_flagcast.a.a.")
                .endsWith("…: its name has more than 100 parts: a key of settings has six");

        Variables variables = new Variables(Map.of(), Map.of("flagcast" + ".a".repeat(20_000), "1"));
        assertThatThrownBy(() -> new Layers(Optional.empty(), List.of(), variables).resolved())
                .hasMessageContaining("system property flagcast.a.a.")
                .hasMessageContaining("more than 100 parts");
    }

    @Test
    void filesThatIncludeTwoEachAreNotReadForever() throws IOException {
        for (int i = 0; i < 30; i++) {
            String next = "include \"f%d.conf\"\n".formatted(i + 1);
            Files.writeString(folder.resolve("f" + i + ".conf"), next + next);
        }
        Files.writeString(folder.resolve("f30.conf"), "a = 1");

        assertThat(refused("include \"f0.conf\"", List.of(), Map.of()))
                .hasMessageContaining(": configuration has more than 100 included files: write what belongs together");
    }

    @Test
    void levelsOfIncludedFilesAreAddedUp() throws IOException {
        for (int i = 0; i < 99; i++) {
            Files.writeString(
                    folder.resolve("f" + i + ".conf"), "a { b = [ { include \"f%d.conf\" } ] }".formatted(i + 1));
        }
        Files.writeString(folder.resolve("f99.conf"), "a = 1");

        assertThat(refused("include \"f0.conf\"", List.of(), Map.of()))
                .hasMessageContaining("1: configuration has more than 100 levels");
    }

    @Test
    void keysThatReferToOneAnotherInManyFilesAreRefused() throws IOException {
        for (int i = 0; i < 15; i++) {
            Files.writeString(folder.resolve("f" + i + ".conf"), "a=${b}${b}\nb=${a}${a}");
        }

        assertThat(refused("a=1\nb=1\n" + lines(15, i -> "include \"f" + i + ".conf\""), List.of(), Map.of()))
                .hasMessageContaining("refers to itself in a circle: write one of the values itself");
    }

    @Test
    void aCircleIsNamed() throws IOException {
        assertThat(refused("a = ${b}\nb = ${a}", List.of(), Map.of()))
                .hasMessageContaining("cycle of substitutions")
                .hasMessageEndingWith(": write one of the values itself");
    }

    /** Whatever somebody may write is far from the bounds. */
    @Test
    void whatIsWrittenByReferenceIsFilledIn() throws IOException {
        Path file = Files.writeString(folder.resolve("flagcast.conf"), """
                base { format = csv, options { header = true } }
                events = ${base} { path = ${root}"/events", options.sep = ";" }
                more = ${events} { path = ${root}"/more", name = ${events.path} }
                group { include "in.conf" }
                root = ${PLACE}
                list = [1, 2]
                """);
        Files.writeString(folder.resolve("in.conf"), "own = 1, a = ${own}, b = ${root}, c = ${?nothing.of.it}");
        List<String> set = List.of("list = ${list} [3]", "list += 4", "list = ${list} [${?nothing}]");
        Config config = new Layers(Optional.of(ConfFile.of(file)), set, Variables.of(Map.of("PLACE", "here")))
                .resolved()
                .config();

        assertThat(config.getString("more.path")).isEqualTo("here/more");
        assertThat(config.getString("more.name")).isEqualTo("here/events");
        assertThat(config.getString("more.options.sep")).isEqualTo(";");
        assertThat(config.getString("group.b")).isEqualTo("here");
        assertThat(config.getIntList("list")).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aLongListOfPredictorsIsNoBomb() throws IOException {
        Path file = Files.writeString(
                folder.resolve("flagcast.conf"),
                "a = [" + lines(5_000, i -> "\"a predictor of some length, " + i + "\"") + "]");

        assertThat(new Layers(Optional.of(ConfFile.of(file)), List.of(), Variables.of(Map.of()))
                        .resolved()
                        .config()
                        .getStringList("a"))
                .hasSize(5_000);
    }
}

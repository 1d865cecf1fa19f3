package io.flagcast.jobs.commands.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** Days and instants on the command line. */
class InstantConverterTest {

    private static final Clock NOON = Clock.fixed(Instant.parse("2026-06-01T12:00:00Z"), ZoneOffset.UTC);

    @ParameterizedTest
    @CsvSource({
        "2026-03-01, 2026-03-01T00:00:00Z",
        "2024-02-29, 2024-02-29T00:00:00Z",
        "2026-03-01T23:59:59Z, 2026-03-01T23:59:59Z",
        "2026-03-01T01:00:00+01:00, 2026-03-01T00:00:00Z",
        "1970-01-01, 1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z, 9999-12-31T23:59:59Z"
    })
    void aDayIsItsFirstInstant(String text, Instant instant) {
        assertThat(new InstantConverter().convert(text)).isEqualTo(instant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-03-01T23:59:60Z",
                "2026-03-01T24:00:00Z",
                "2026-02-30",
                "2026-02-30T00:00:00Z",
                "2026-03-01T00:00:00",
                "2026-03-01T00:00:00.5Z",
                "2026-03-01 00:00:00",
                "2026-3-1",
                "20260301",
                "1969-12-31",
                "0202-03-01",
                "+10000-01-01T00:00:00Z",
                "9999-12-31T23:59:59-01:00",
                "-999999999-01-01T00:00:00Z",
                "tomorrow",
                ""
            })
    void whatNoClockShowsIsRefusedWithTheFormat(String text) {
        assertThatThrownBy(() -> new InstantConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage(
                        "'%s' is no whole second from 1970 to 9999: write 2026-03-01, which is its first second in UTC,"
                                + " or 2026-03-01T23:59:59Z",
                        text);
    }

    @Test
    void whatIsPastIsNotInTheFuture() {
        PastConverter past = new PastConverter(NOON);

        assertThat(past.convert("2026-06-01T12:00:00Z")).isEqualTo(NOON.instant());
        assertThatThrownBy(() -> past.convert("2026-06-01T12:00:01Z"))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'2026-06-01T12:00:01Z' is in the future: it is 2026-06-01T12:00:00Z now");
        assertThatThrownBy(() -> past.convert("2026-02-30")).hasMessageContaining("is no whole second");
    }
}

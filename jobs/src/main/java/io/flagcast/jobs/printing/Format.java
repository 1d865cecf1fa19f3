package io.flagcast.jobs.printing;

/** How a command prints rows. */
public enum Format {
    /** Aligned text for people. */
    TABLE,
    /** Comma-separated values, quoted as RFC 4180 says, with a header. */
    CSV,
    /** An object a line. */
    JSON
}

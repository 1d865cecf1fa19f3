package io.flagcast.lake;

/** Exit codes of every command. */
public enum ExitCode {
    /** Done, or nothing to do. */
    DONE(0),
    /** A check failed. */
    CHECK_FAILED(1),
    /** The command line is wrong. */
    USAGE(64),
    /** The data is refused. */
    DATA_REFUSED(65),
    /** There is no input. */
    NO_INPUT(66),
    /** A bug in Flagcast. */
    BUG(70),
    /** Another process was faster, or a disk or store failed; try again later. */
    TRY_AGAIN(75),
    /** Configuration or an experiment file is wrong. */
    CONFIGURATION(78),
    /** Ended with its terminal, by signal 1. */
    HUNG_UP(129),
    /** Ended by Ctrl-C, signal 2. */
    INTERRUPTED(130),
    /** Nobody reads its standard output any more, as signal 13 would say. */
    UNREAD(141),
    /** Ended by signal 15, as of a supervisor. */
    TERMINATED(143);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}

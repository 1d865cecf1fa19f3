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
    /** Another process was faster; try again later. */
    TRY_AGAIN(75),
    /** Configuration or an experiment file is wrong. */
    CONFIGURATION(78);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}

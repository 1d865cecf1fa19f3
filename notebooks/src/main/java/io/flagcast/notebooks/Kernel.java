package io.flagcast.notebooks;

import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.rapaio.jupyter.kernel.MainApp;
import org.rapaio.jupyter.kernel.channels.Channels;
import org.rapaio.jupyter.kernel.channels.LoopThread;
import org.rapaio.jupyter.kernel.core.ConnectionProperties;
import org.rapaio.jupyter.kernel.core.Transform;

/**
 * Starts the Java kernel of a notebook. Its own main class loses two races on a busy machine, after which the notebook waits
 * for an answer in vain (version 3.0.1: two of eight starts at a load of four a core):
 *
 * <ul>
 *   <li>{@code Channels.connect} opens the shell channel before it has set what answers there, and the thread of the channel dies
 *       by the first question. Here that thread cannot read before all is set: reading takes the lock of the channel, which is
 *       held meanwhile.
 *   <li>{@code LoopThread.start} says that the thread may run only after it has started it: one that is quicker ends at once.
 *       Here such a thread, which has read nothing yet, is started anew.
 * </ul>
 */
public final class Kernel {

    /** A thread that was too quick has ended after so many milliseconds. */
    private static final long ENDED_BY = 100;

    private Kernel() {}

    /**
     * Serves a notebook until it is closed.
     *
     * @param arguments the file in which Jupyter says where it listens
     */
    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("").setLevel(Level.WARNING);
        ConnectionProperties connection = Transform.fromJson(
                Files.readString(Path.of(arguments[0]), StandardCharsets.UTF_8), ConnectionProperties.class);
        Channels channels = new Channels(connection);
        Object shell = field(channels, "shell");
        synchronized (shell) {
            channels.connect(MainApp.kernel);
        }
        for (String name : List.of("shell", "control", "heartbeat")) {
            revive(field(channels, name));
        }
        channels.joinUntilClose();
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    /** Gives a channel whose thread has ended another one with the same work. */
    private static void revive(Object channel) throws ReflectiveOperationException, InterruptedException {
        LoopThread thread = (LoopThread) field(channel, "loopThread");
        thread.join(ENDED_BY);
        while (!thread.isAlive()) {
            thread = new LoopThread(
                    thread.getName(), (Long) field(thread, "sleep"), (Runnable) field(thread, "loopBody"));
            Field loop = channel.getClass().getDeclaredField("loopThread");
            loop.setAccessible(true);
            loop.set(channel, thread);
            thread.start();
            thread.join(ENDED_BY);
        }
    }
}

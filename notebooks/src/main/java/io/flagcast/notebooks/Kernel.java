package io.flagcast.notebooks;

import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.rapaio.jupyter.kernel.MainApp;
import org.rapaio.jupyter.kernel.channels.Channels;
import org.rapaio.jupyter.kernel.core.ConnectionProperties;
import org.rapaio.jupyter.kernel.core.Transform;

/**
 * Starts the Java kernel of a notebook.
 *
 * <p>Its own main class opens the shell channel before it has set what answers there. Jupyter asks as soon as the channel is
 * open, and on a busy machine comes first now and then: the channel's thread dies, and the notebook waits in vain. Here that
 * thread cannot read before all is set: reading takes the lock of the channel, which is held meanwhile.
 */
public final class Kernel {

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
        Field field = Channels.class.getDeclaredField("shell");
        field.setAccessible(true);
        Object shell = field.get(channels);
        synchronized (shell) {
            channels.connect(MainApp.kernel);
        }
        channels.joinUntilClose();
    }
}

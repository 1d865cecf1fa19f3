package io.flagcast.delivery;

import java.net.URI;

/**
 * Where a receiver listens. Often a secret: its text shows only the host.
 *
 * @param uri http or https, with a host
 */
public record Address(URI uri) {

    public Address {
        if (!("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) || uri.getHost() == null) {
            throw new IllegalArgumentException("it must be an address, as https://host/path");
        }
    }

    /**
     * Reads an address.
     *
     * @throws IllegalArgumentException with a message that does not repeat it
     */
    @SuppressWarnings("UnusedException") // the cause's message repeats the text, which may be a secret
    public static Address of(String text) {
        URI uri;
        try {
            uri = URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("it must be an address, as https://host/path");
        }
        return new Address(uri);
    }

    /** This address with a path below it. */
    Address below(String path) {
        String base = uri.toString();
        return of((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    }

    @Override
    public String toString() {
        return uri.getScheme() + "://" + uri.getHost() + "/…";
    }
}

package io.flagcast.serving;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;

/** A file in memory, little-endian, however long: in pieces that overlap, so that no record ends within one. */
final class MappedFile {

    private static final int PIECE_BITS = 30;
    private static final long PIECE = 1L << PIECE_BITS;
    /** Longer than any record, and than contents and names. */
    private static final int OVERLAP = 1 << 24;

    private static final int BLOCK = 1 << 20;

    private final MappedByteBuffer[] pieces;

    MappedFile(FileChannel channel, MapMode mode, long length) throws IOException {
        this.pieces = new MappedByteBuffer[(int) ((length + PIECE - 1) >>> PIECE_BITS)];
        for (int i = 0; i < pieces.length; i++) {
            long from = (long) i << PIECE_BITS;
            pieces[i] = channel.map(mode, from, Math.min(PIECE + OVERLAP, length - from));
            pieces[i].order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    ByteBuffer piece(long at) {
        return pieces[(int) (at >>> PIECE_BITS)];
    }

    static int within(long at) {
        return (int) (at & (PIECE - 1));
    }

    byte getByte(long at) {
        return piece(at).get(within(at));
    }

    int getInt(long at) {
        return piece(at).getInt(within(at));
    }

    long getLong(long at) {
        return piece(at).getLong(within(at));
    }

    double getDouble(long at) {
        return piece(at).getDouble(within(at));
    }

    byte[] get(long at, int bytes) {
        byte[] into = new byte[bytes];
        piece(at).get(within(at), into);
        return into;
    }

    void put(long at, byte[] bytes) {
        piece(at).put(within(at), bytes);
    }

    void putLong(long at, long value) {
        piece(at).putLong(within(at), value);
    }

    void putDouble(long at, double value) {
        piece(at).putDouble(within(at), value);
    }

    void putByte(long at, byte value) {
        piece(at).put(within(at), value);
    }

    void putInt(long at, int value) {
        piece(at).putInt(within(at), value);
    }

    void force() {
        for (MappedByteBuffer piece : pieces) {
            piece.force();
        }
    }

    /** Length of the checksums of so many bytes. */
    static long checksumBytes(long to) {
        return (to + BLOCK - 1) / BLOCK * Integer.BYTES;
    }

    /** The CRC-32C of every mebibyte up to an offset, which all cores work out together. */
    int[] checksums(long to) {
        return LongStream.range(0, (to + BLOCK - 1) / BLOCK)
                .parallel()
                .mapToInt(block -> checksum(block * BLOCK, Math.min(to, (block + 1) * BLOCK)))
                .toArray();
    }

    private int checksum(long from, long to) {
        CRC32C checksum = new CRC32C();
        checksum.update(piece(from).slice(within(from), (int) (to - from)));
        return (int) checksum.getValue();
    }
}

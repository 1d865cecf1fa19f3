package io.flagcast.serving.lake;

import io.delta.kernel.data.ColumnVector;
import io.delta.kernel.data.ColumnarBatch;
import io.delta.kernel.data.FilteredColumnarBatch;
import io.delta.kernel.data.MapValue;
import io.delta.kernel.types.BinaryType;
import io.delta.kernel.types.StructType;
import io.flagcast.serving.lake.PublishedLake.Batch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The selected rows of a batch; deleted ones are not. */
final class KernelBatch implements Batch {

    private final ColumnVector[] vectors;
    private final int[] selected;
    private final Texts texts = new Texts();

    private KernelBatch(ColumnVector[] vectors, int[] selected) {
        this.vectors = vectors;
        this.selected = selected;
    }

    static KernelBatch of(FilteredColumnarBatch filtered) {
        ColumnarBatch data = filtered.getData();
        ColumnVector[] vectors = new ColumnVector[data.getSchema().length()];
        Arrays.setAll(vectors, data::getColumnVector);
        IntStream rows = IntStream.range(0, data.getSize());
        return new KernelBatch(
                vectors,
                filtered.getSelectionVector()
                        .map(kept -> rows.filter(row -> !kept.isNullAt(row) && kept.getBoolean(row)))
                        .orElse(rows)
                        .toArray());
    }

    ColumnVector vector(int column) {
        return vectors[column];
    }

    int at(int row) {
        return selected[row];
    }

    @Override
    public int rows() {
        return selected.length;
    }

    @Override
    public boolean isAbsent(int row, int column) {
        return vectors[column].isNullAt(selected[row]);
    }

    @Override
    public boolean flag(int row, int column) {
        return vectors[column].getBoolean(selected[row]);
    }

    @Override
    public int integer(int row, int column) {
        return vectors[column].getInt(selected[row]);
    }

    @Override
    public long number(int row, int column) {
        return vectors[column].getLong(selected[row]);
    }

    @Override
    public double real(int row, int column) {
        return vectors[column].getDouble(selected[row]);
    }

    @Override
    public String text(int row, int column) {
        ColumnVector vector = vectors[column];
        return vector.getDataType() instanceof BinaryType
                ? texts.of(vector.getBinary(selected[row]))
                : vector.getString(selected[row]);
    }

    @Override
    public Batch fields(int column) {
        StructType type = (StructType) vectors[column].getDataType();
        ColumnVector[] children = new ColumnVector[type.length()];
        Arrays.setAll(children, vectors[column]::getChild);
        return new KernelBatch(children, selected);
    }

    @Override
    public List<String[]> entries(int row, int column) {
        MapValue map = vectors[column].getMap(selected[row]);
        List<String[]> entries = new ArrayList<>();
        for (int i = 0; i < map.getSize(); i++) {
            entries.add(
                    new String[] {map.getKeys().getString(i), map.getValues().getString(i)});
        }
        return entries;
    }

    /** Texts of late: most of them come again in one of the next rows. */
    private static final class Texts {

        private static final int SLOTS = 64;

        private final byte[][] bytes = new byte[SLOTS][];
        private final String[] texts = new String[SLOTS];

        String of(byte[] utf8) {
            int slot = Arrays.hashCode(utf8) & (SLOTS - 1);
            if (!Arrays.equals(utf8, bytes[slot])) {
                bytes[slot] = utf8;
                texts[slot] = new String(utf8, StandardCharsets.UTF_8);
            }
            return texts[slot];
        }
    }
}

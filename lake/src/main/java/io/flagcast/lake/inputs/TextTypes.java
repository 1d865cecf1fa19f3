package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.InputMapping;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;

/**
 * What columns of text hold, by all their values. A number is written as one: {@code 02139} and {@code 12d} are codes.
 *
 * @param types by column; text where no other type fits every value, and where there is none
 * @param codes a value by column of those that would be numbers but for leading zeros
 */
record TextTypes(Map<String, DataType> types, Map<String, String> codes) {

    private static final String WHOLE = "^[+-]?[0-9]{1,18}$";
    private static final String NUMBER = "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?Infinity$|^NaN$";
    private static final String LEADING_ZERO = "^[+-]?0[0-9].*";
    private static final String DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
    private static final String TIME = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:.*";

    /** One type that a column may have, the narrower first. */
    private record Candidate(DataType type, String pattern) {

        Column fits(Column value) {
            Column written = type.equals(DataTypes.BooleanType)
                    ? value.rlike("^(?i:true|false)$")
                    : value.rlike(pattern).and(value.try_cast(type).isNotNull());
            return coalesce(written, lit(false));
        }
    }

    private static final List<Candidate> CANDIDATES = List.of(
            new Candidate(DataTypes.LongType, WHOLE),
            new Candidate(DataTypes.DoubleType, NUMBER),
            new Candidate(DataTypes.BooleanType, ""),
            new Candidate(DataTypes.DateType, DATE),
            new Candidate(DataTypes.TimestampType, TIME));

    TextTypes {
        types = Map.copyOf(types);
        codes = Map.copyOf(codes);
    }

    /** The types of some columns of text; looks at every row once. */
    static TextTypes of(Dataset<Row> rows, List<String> names) {
        List<Column> counts = new ArrayList<>();
        for (String name : names) {
            Column value = InputMapping.quoted(name);
            counts.add(count(value));
            CANDIDATES.forEach(candidate -> counts.add(count_if(candidate.fits(value))));
            counts.add(max(when(value.rlike(LEADING_ZERO).and(value.rlike(NUMBER)), value)));
        }
        Row found = rows.agg(lit(0), counts.toArray(Column[]::new)).head();
        Map<String, DataType> types = new LinkedHashMap<>();
        Map<String, String> codes = new LinkedHashMap<>();
        int at = 1;
        for (String name : names) {
            long values = found.getLong(at);
            String code = found.getString(at + CANDIDATES.size() + 1);
            DataType type = DataTypes.StringType;
            for (int i = CANDIDATES.size() - 1; i >= 0; i--) {
                if (values > 0 && found.getLong(at + 1 + i) == values) {
                    type = CANDIDATES.get(i).type();
                }
            }
            boolean isCode = code != null && type instanceof NumericType;
            types.put(name, isCode ? DataTypes.StringType : type);
            if (isCode) {
                codes.put(name, code);
            }
            at += CANDIDATES.size() + 2;
        }
        return new TextTypes(types, codes);
    }
}

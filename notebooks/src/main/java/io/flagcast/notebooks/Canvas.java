package io.flagcast.notebooks;

import io.flagcast.notebooks.Plot.Guide;
import io.flagcast.notebooks.Plot.Mark;
import io.flagcast.notebooks.Plot.Origin;
import io.flagcast.notebooks.Points.Axis;
import io.flagcast.notebooks.Points.Point;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws plots, in the colours of the report. */
final class Canvas {

    private static final int SCALE = 2;
    private static final Color PAGE = Color.WHITE;
    private static final Color INK = new Color(0x1c2127);
    private static final Color SOFT = new Color(0x565e68);
    private static final Color LINE = new Color(0xdddcd5);
    private static final Color RULE = new Color(0x8f8e86);
    /** Of segments in the order of their scores, as the report has them. */
    private static final List<Color> COLOURS = List.of(
            new Color(0x8a5a00),
            new Color(0x0f766e),
            new Color(0x2450c8),
            new Color(0xa3195b),
            new Color(0x6b3fa0),
            new Color(0x4d5b2a));
    /** Names that have the same colour in every plot. */
    private static final Map<String, Color> FIXED = Map.of(
            "control", SOFT,
            "unscored", SOFT,
            "all", INK,
            "enabled", new Color(0x0b5c8a),
            "", new Color(0x0b5c8a));

    private static final int BAND_OPACITY = 34;
    private static final float[] DASHES = {5, 4};
    /** A line of more points is a curve. */
    private static final int MOST_MARKERS = 25;
    /** Points that a legend takes: its height, the width of a key, and between two entries. */
    private static final int LEGEND = 28;

    /** Points that labels and title of the horizontal axis take. */
    private static final int X_AXIS = 40;

    private static final int KEY = 30;
    private static final int BETWEEN = 24;
    private static final String FACE = "DejaVu Sans";

    private final Plot plot;
    private final Points points;
    private final XYChart chart;
    private final boolean hasLegend;
    private final List<Entry> legend = new ArrayList<>();
    private int parts;

    /**
     * A line of the legend.
     *
     * @param stroke of its line; a dot where there is none
     */
    private record Entry(String label, Color colour, Optional<BasicStroke> stroke) {}

    private Canvas(Plot plot) {
        this.plot = plot;
        this.points = Points.of(plot);
        this.hasLegend = points.series().size() > 1 || !plot.guides().isEmpty();
        this.chart = new XYChartBuilder()
                .width(Plot.WIDTH)
                .height(Plot.HEIGHT - X_AXIS - (hasLegend ? LEGEND : 0))
                .title(plot.words().title())
                .yAxisTitle(plot.words().y())
                .build();
    }

    /** The picture of a plot as a PNG file; absent where there is nothing to draw. */
    static Optional<byte[]> png(Plot plot) {
        Canvas canvas = new Canvas(plot);
        if (canvas.points.all().isEmpty()) {
            return Optional.empty();
        }
        canvas.draw();
        BufferedImage image = new BufferedImage(SCALE * Plot.WIDTH, SCALE * Plot.HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.scale(SCALE, SCALE);
        graphics.setColor(PAGE);
        graphics.fillRect(0, 0, Plot.WIDTH, Plot.HEIGHT);
        canvas.chart.paint(graphics, Plot.WIDTH, canvas.chart.getHeight());
        canvas.drawAxis(graphics);
        if (canvas.hasLegend) {
            canvas.drawLegend(graphics);
        }
        graphics.dispose();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", file);
        } catch (IOException e) {
            throw new UncheckedIOException("a picture cannot be written to memory", e);
        }
        return Optional.of(file.toByteArray());
    }

    private void draw() {
        style();
        axes();
        // What is drawn first lies below: guides, intervals, values.
        plot.guides().forEach(this::guide);
        List<String> labels = List.copyOf(points.series().keySet());
        for (int i = 0; i < labels.size(); i++) {
            intervals(points.series().get(labels.get(i)), colour(labels, i), dodge(labels.size(), i));
        }
        for (int i = 0; i < labels.size(); i++) {
            values(labels.get(i), points.series().get(labels.get(i)), colour(labels, i), dodge(labels.size(), i));
        }
    }

    /** Labels and title below the plot: all on one line, which XChart's own are not. */
    private void drawAxis(Graphics2D graphics) {
        graphics.setFont(new Font(FACE, Font.PLAIN, 12));
        FontMetrics metrics = graphics.getFontMetrics();
        graphics.setColor(SOFT);
        double[] widths = widths();
        Ticks.of(points, widths, plot.rows().style().unit(plot.x())).forEach((place, label) -> {
            int x = (int) Math.round(chart.getScreenXFromChart(place)) - metrics.stringWidth(label) / 2;
            graphics.drawString(label, Math.min(x, Plot.WIDTH - 2 - metrics.stringWidth(label)), chart.getHeight() + 6);
        });
        int left = (int) chart.getScreenXFromChart(widths[0]);
        int right = (int) chart.getScreenXFromChart(widths[1]);
        graphics.drawString(
                plot.words().x(),
                (left + right - metrics.stringWidth(plot.words().x())) / 2,
                chart.getHeight() + 32);
    }

    /** One line below the axis, centred; XChart's own sets a label with a descender lower than others. */
    private void drawLegend(Graphics2D graphics) {
        graphics.setFont(new Font(FACE, Font.PLAIN, 12));
        FontMetrics metrics = graphics.getFontMetrics();
        int width = legend.stream()
                        .mapToInt(entry -> KEY + metrics.stringWidth(entry.label()) + BETWEEN)
                        .sum()
                - BETWEEN;
        int x = (Plot.WIDTH - width) / 2;
        int baseline = Plot.HEIGHT - LEGEND + 18;
        int middle = baseline - metrics.getAscent() / 2 + 1;
        for (Entry entry : legend) {
            graphics.setColor(entry.colour());
            if (entry.stroke().isPresent()) {
                graphics.setStroke(entry.stroke().get());
                graphics.draw(new Line2D.Double(x, middle, x + KEY - 8, middle));
            } else {
                graphics.fill(new Ellipse2D.Double(x + (KEY - 8) / 2.0 - 4, middle - 4, 8, 8));
            }
            graphics.setColor(INK);
            graphics.drawString(entry.label(), x + KEY, baseline);
            x += KEY + metrics.stringWidth(entry.label()) + BETWEEN;
        }
    }

    private Color colour(List<String> labels, int place) {
        String label = labels.get(place);
        if (FIXED.containsKey(label)) {
            return FIXED.get(label);
        }
        int segment = plot.rows().style().place(label);
        boolean known = segment < plot.rows().style().order().size();
        return COLOURS.get((known ? segment : place) % COLOURS.size());
    }

    /** Colours stand side by side over a name. */
    private double dodge(int labels, int place) {
        return points.axis() == Axis.NAMES ? (place - (labels - 1) / 2.0) * Math.min(0.18, 0.6 / labels) : 0;
    }

    private void intervals(List<Point> of, Color colour, double dodge) {
        List<Point> known = of.stream()
                .filter(point -> point.lower().isPresent() && point.upper().isPresent())
                .toList();
        if (plot.mark() == Mark.LINES && points.axis() != Axis.NAMES && known.size() > 1) {
            band(known, colour);
            return;
        }
        for (Point point : known) {
            double x = point.x() + dodge;
            XYSeries bar = add(
                    List.of(x, x),
                    List.of(point.lower().getAsDouble(), point.upper().getAsDouble()),
                    XYSeriesRenderStyle.Line);
            bar.setLineColor(colour).setLineStyle(new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        }
    }

    private void band(List<Point> known, Color colour) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (Point point : known) {
            x.add(point.x());
            y.add(point.upper().getAsDouble());
        }
        for (int i = known.size() - 1; i >= 0; i--) {
            x.add(known.get(i).x());
            y.add(known.get(i).lower().getAsDouble());
        }
        XYSeries band = add(x, y, XYSeriesRenderStyle.PolygonArea);
        band.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), BAND_OPACITY));
        band.setLineColor(new Color(0, 0, 0, 0));
    }

    private void values(String label, List<Point> of, Color colour, double dodge) {
        if (of.isEmpty()) {
            return;
        }
        boolean connected = plot.mark() != Mark.DOTS && points.axis() != Axis.NAMES;
        List<Double> x =
                new ArrayList<>(of.stream().map(point -> point.x() + dodge).toList());
        List<Double> y = new ArrayList<>(of.stream().map(Point::y).toList());
        if (plot.mark() == Mark.STEPS) {
            // The last value still holds.
            x.add(widths()[1]);
            y.add(y.get(y.size() - 1));
        }
        XYSeries series = add(
                x,
                y,
                !connected
                        ? XYSeriesRenderStyle.Scatter
                        : plot.mark() == Mark.STEPS ? XYSeriesRenderStyle.Step : XYSeriesRenderStyle.Line);
        BasicStroke stroke = new BasicStroke(2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
        legend.add(new Entry(
                label.isEmpty() ? plot.words().y() : label,
                colour,
                connected ? Optional.of(stroke) : Optional.empty()));
        series.setLineColor(colour).setLineStyle(stroke);
        series.setMarkerColor(colour);
        series.setMarker(
                plot.mark() == Mark.STEPS || (connected && of.size() > MOST_MARKERS)
                        ? SeriesMarkers.NONE
                        : SeriesMarkers.CIRCLE);
    }

    private void guide(Guide guide) {
        double[] widths = widths();
        double[] heights = points.heights();
        List<Point> inOrder = points.inOrder();
        Point first = inOrder.get(0);
        Point last = inOrder.get(inOrder.size() - 1);
        double low = Math.max(widths[0], heights[0]);
        double high = Math.min(widths[1], heights[1]);
        XYSeries line;
        if (guide instanceof Guide.Level level) {
            line = add(List.of(widths[0], widths[1]), List.of(level.y(), level.y()), XYSeriesRenderStyle.Line);
        } else if (guide instanceof Guide.Chord) {
            line = add(List.of(first.x(), last.x()), List.of(first.y(), last.y()), XYSeriesRenderStyle.Line);
        } else {
            line = add(List.of(low, high), List.of(low, high), XYSeriesRenderStyle.Line);
        }
        BasicStroke dashes = new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, DASHES, 0);
        line.setLineColor(RULE).setLineStyle(dashes);
        legend.add(new Entry(guide.label(), RULE, Optional.of(dashes)));
    }

    private XYSeries add(List<Double> x, List<Double> y, XYSeriesRenderStyle how) {
        XYSeries series = chart.addSeries("part " + parts++, x, y);
        series.setXYSeriesRenderStyle(how);
        series.setMarker(SeriesMarkers.NONE);
        return series;
    }

    private double[] widths() {
        if (points.axis() == Axis.NAMES) {
            return new double[] {-0.5, points.names().size() - 0.5};
        }
        List<Point> inOrder = points.inOrder();
        double first = inOrder.get(0).x();
        double last = inOrder.get(inOrder.size() - 1).x();
        double margin = last == first ? 0.5 : 0.02 * (last - first);
        return new double[] {first - margin, last + margin};
    }

    private void axes() {
        XYStyler styler = chart.getStyler();
        double[] widths = widths();
        styler.setXAxisMin(widths[0]);
        styler.setXAxisMax(widths[1]);
        double[] heights = points.heights();
        for (Guide guide : plot.guides()) {
            if (guide instanceof Guide.Level level) {
                heights[0] = Math.min(heights[0], level.y());
                heights[1] = Math.max(heights[1], level.y());
            }
        }
        double margin = heights[0] == heights[1]
                ? Math.max(0.01, 0.1 * Math.abs(heights[0]))
                : 0.06 * (heights[1] - heights[0]);
        if (plot.origin() == Origin.ZERO) {
            heights[0] = Math.min(0, heights[0]);
        }
        // Nothing is drawn below zero that has no values there; the line of zero itself is.
        styler.setYAxisMin(heights[0] >= 0 && heights[0] - margin < 0 ? -0.015 * heights[1] : heights[0] - margin);
        styler.setYAxisMax(heights[1] + margin);
        int digits = Ticks.digits(heights[1] - heights[0], plot.rows().style().unit(plot.y()));
        styler.setyAxisTickLabelsFormattingFunction(
                value -> plot.rows().style().unit(plot.y()).text(value, digits));
    }

    private void style() {
        XYStyler styler = chart.getStyler();
        styler.setChartBackgroundColor(PAGE);
        styler.setChartPadding(12);
        styler.setChartFontColor(INK);
        styler.setBaseFont(new Font(FACE, Font.PLAIN, 12));
        styler.setChartTitleFont(new Font(FACE, Font.BOLD, 15));
        styler.setChartTitleBoxVisible(false);
        styler.setChartTitlePadding(8);
        styler.setChartTitleVisible(!plot.words().title().isEmpty());
        styler.setPlotBackgroundColor(PAGE);
        styler.setPlotBorderVisible(false);
        styler.setPlotMargin(4);
        styler.setPlotContentSize(1);
        styler.setPlotGridLinesColor(LINE);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setPlotTicksMarksVisible(false);
        styler.setAxisTicksLineVisible(false);
        styler.setXAxisTicksVisible(false);
        styler.setXAxisTitleVisible(false);
        styler.setAxisTicksMarksVisible(false);
        styler.setAxisTickLabelsFont(new Font(FACE, Font.PLAIN, 12));
        styler.setAxisTickLabelsColor(SOFT);
        styler.setAxisTitleFont(new Font(FACE, Font.PLAIN, 12));
        styler.setXAxisTitleColor(SOFT);
        styler.setYAxisTitleColor(SOFT);
        styler.setAxisTitlePadding(10);
        styler.setLegendVisible(false);
        styler.setMarkerSize(8);
        styler.setAntiAlias(true);
    }
}

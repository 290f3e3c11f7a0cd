module plasmid/promtool

go 1.25.0

require github.com/prometheus/prometheus v0.311.3

# Prints, for every table of a release and every format that R reads, the facts that test_readers.py compares.
# Arguments: the folder, the dataset's name, the tables.
suppressPackageStartupMessages({ library(haven); library(readr); library(readxl); library(RSQLite) })
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]; dataset <- arguments[2]; tables <- arguments[-(1:2)]

as_text <- function(x) {
  if (inherits(x, "haven_labelled")) x <- zap_labels(x)
  if (inherits(x, "Date")) return(format(x, "%Y-%m-%d"))
  if (inherits(x, "POSIXct")) return(format(x, "%Y-%m-%d"))
  x <- as.character(x)
  x[!is.na(x) & x == ""] <- NA
  x
}
report <- function(format, table, rows) {
  for (column in names(rows)) {
    values <- rows[[column]]
    text <- as_text(values)
    is_day <- inherits(values, c("Date", "POSIXct")) && any(!is.na(text))
    labels <- attr(values, "labels", exact = TRUE)
    facts <- c(
      format, table, column, length(text), sum(is.na(text)),
      if (is.character(values) || is.factor(values)) max(c(0, nchar(text, "chars")), na.rm = TRUE) else "",
      if (is_day) min(text, na.rm = TRUE) else "", if (is_day) max(text, na.rm = TRUE) else "",
      if (is.null(labels)) "" else paste(names(labels), collapse = "|"),
      gsub("[\t\n]", " ", c(attr(values, "label", exact = TRUE), "")[1])
    )
    cat(facts, sep = "\t"); cat("\n")
  }
}
connection <- dbConnect(SQLite(), file.path(folder, paste0(dataset, ".sqlite")), flags = SQLITE_RO)
for (table in tables) {
  file <- function(suffix) file.path(folder, paste0(table, suffix))
  report("csv", table, read_csv(file(".csv"), na = "", col_types = cols(.default = col_character())))
  report("rds", table, readRDS(file(".rds")))
  report("dta", table, read_dta(file(".dta")))
  report("sav", table, read_sav(file(".sav")))
  report("sqlite", table, dbReadTable(connection, table, check.names = FALSE))
  report("xlsx", table, read_excel(file.path(folder, paste0(dataset, ".xlsx")), sheet = table, na = "", guess_max = 1e5))
}

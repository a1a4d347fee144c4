//! Tests of the readers, over files written on the spot.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn file(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// Titles of cases, and `!line: reason` for bad records.
fn read(path: &Path) -> Result<Vec<String>, ReadError> {
    let mut seen = Vec::new();
    let outcome = read_path(path, &mut |read| {
        assert!(read.progress.done <= read.progress.total, "{:?}", read.progress);
        seen.push(match read.record {
            Record::Case(case) => case.title.clone(),
            Record::Bad(bad) => format!("!{}: {}", bad.place.line.unwrap_or(0), bad.reason),
        });
        ControlFlow::Continue(())
    })?;
    assert_eq!(outcome.cases + outcome.bad, seen.len() as u64);
    Ok(seen)
}

fn read_bytes(name: &str, content: &[u8]) -> Vec<String> {
    let (_folder, path) = file(name, content);
    read(&path).unwrap()
}

const TWO: &str = "{\"title\": \"连不上\", \"body\": \"a\"}\r\n\n{\"title\": \"太慢\", \"body\": \"b\"}";

#[test]
fn json_lines_in_any_packing_and_encoding() {
    let expected = ["连不上", "太慢"];
    assert_eq!(read_bytes("a.jsonl", TWO.as_bytes()), expected);
    assert_eq!(read_bytes("a.ndjson", &[encoding::UTF8_MARK, TWO.as_bytes()].concat()), expected);
    assert_eq!(read_bytes("a.json", &encoding_rs::GBK.encode(TWO).0), expected);
    let utf16: Vec<u8> = [0xFEFF].into_iter().chain(TWO.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_bytes("a.jsonl", &utf16), expected);
    assert_eq!(read_bytes("a.jsonl.zst", &zstd::encode_all(TWO.as_bytes(), 1).unwrap()), expected);
    assert_eq!(read_bytes("a.jsonl.gz", &gzip(TWO)), expected);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bad_lines_are_reported_with_their_number_and_skipped() {
    let text = "{\"title\": \"a\", \"body\": \"b\"}\n{\"title\": \"x\"\n{\"title\": 7, \"body\": \"b\"}\n[1]\n\
        {\"title\": \"c\", \"body\": \"d\"}\n";
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend(b"{\"title\": \"\xff\", \"body\": \"b\"}\n");
    let seen = read_bytes("a.jsonl", &bytes);
    assert_eq!(seen[1], "!2: broken JSON in column 13: EOF while parsing an object");
    assert_eq!(seen[2], "!3: `title` must be a string, it is a number");
    assert_eq!(seen[3], "!4: broken JSON in column 0: invalid type: sequence, expected an object");
    assert!(seen[5].starts_with("!6: the line is neither UTF-8 nor GB18030"), "{}", seen[5]);
    assert_eq!((seen[0].as_str(), seen[4].as_str()), ("a", "c"));
}

#[test]
fn a_huge_line_is_skipped() {
    let mut bytes = vec![b'x'; MAX_RECORD + 1];
    bytes.extend_from_slice(b"\n{\"title\": \"a\", \"body\": \"b\"}");
    let seen = read_bytes("a.jsonl", &bytes);
    assert_eq!(seen[0], "!1: the line is 16777217 bytes long, at most 16777216 are taken");
    assert_eq!(seen[1], "a");
}

#[test]
fn whole_files_that_cannot_be_read_say_what_to_do() {
    let message = |path: &Path| read(path).unwrap_err().to_string();
    assert!(message(Path::new("/nonexistent.jsonl")).contains("does not exist: check the path"));
    let (_a, docx) = file("a.docx", b"x");
    assert!(message(&docx).contains("is of no known kind: give .jsonl"));
    let packed = zstd::encode_all(TWO.as_bytes(), 1).unwrap();
    let (_b, cut) = file("a.jsonl.zst", &packed[..packed.len() - 6]);
    assert!(message(&cut).contains("cut off or damaged after line"), "{}", message(&cut));
    let (_c, cut) = file("a.jsonl.gz", &gzip(TWO)[..30]);
    assert!(message(&cut).contains("cut off or damaged"));
    let (_d, list) = file("a.json", b"[\n{}]");
    assert!(message(&list).contains("one object a line is wanted"));
    let (_e, table) = file("a.csv", "名字,内容\na,b\n".as_bytes());
    assert!(message(&table).contains("no column is called `title`"));
    let (_f, book) = file("a.xlsx", b"PK\x03\x04 no");
    assert!(message(&book).contains("the workbook cannot be read"));
    let folder = tempfile::tempdir().unwrap();
    assert!(message(folder.path()).contains("no Markdown document"));
}

#[test]
fn tables_with_chinese_headers_quotes_and_shifted_columns() {
    let text = "问题,答案,产品,相似问法,owner\n连不上,\"第一行\n第二行, \"\"引号\"\"\",ecs,登不上|超时；失败,me\n移位,b\n太多,b,c,d,e,f\n\
        5\" 盘,b,,,\n\n开着,\"没有结束,x,y,z\n最后,b,,,\n";
    let (_folder, path) = file("a.csv", text.as_bytes());
    let mut cases = Vec::new();
    let _ = read_path(&path, &mut |read| {
        if let Record::Case(case) = read.record {
            cases.push(case);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(cases[0].body, "第一行\n第二行, \"引号\"");
    assert_eq!(cases[0].questions, ["登不上", "超时", "失败"]);
    assert_eq!((cases[0].product.as_str(), cases[0].source.as_str()), ("ecs", "a.csv"));
    assert_eq!(cases[0].extra["owner"], "me");
    let seen = read(&path).unwrap();
    assert_eq!(seen[1], "!4: the row has 2 fields, the header has 5: columns are shifted");
    assert!(seen[2].starts_with("!5: the row has 6 fields"));
    assert_eq!(seen[3], "5\" 盘");
    assert!(seen[4].starts_with("!8: a quote opened in line 8 is never closed"), "{}", seen[4]);
    assert_eq!(seen[5], "最后");
    assert_eq!(read_bytes("a.tsv", "title\tbody\na,b\tc\n".as_bytes()), ["a,b"]);
}

/// A workbook by hand: one sheet with strings, a formula with its stored value, and an error.
fn workbook(rows: &str) -> Vec<u8> {
    let parts = [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned()),
                (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship \
             Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
                .to_owned(),
        ),
("xl/workbook.xml", "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>".to_owned()),
        ("xl/_rels/workbook.xml.rels", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>".to_owned()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>")),
    ];
    stored_zip(&parts)
}

/// An archive of uncompressed parts, so that no further crate is needed to make one.
fn stored_zip(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let mut crc = flate2::Crc::new();
        crc.update(content.as_bytes());
        let (offset, size) = (out.len() as u32, (content.len() as u32).to_le_bytes());
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend([crc.sum().to_le_bytes(), size, size].concat());
        fields.extend((name.len() as u32).to_le_bytes());
        out.extend([b"PK\x03\x04", fields.as_slice(), name.as_bytes(), content.as_bytes()].concat());
        directory.extend(
            [b"PK\x01\x02\x14\x00", fields.as_slice(), &[0; 10], &offset.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let (start, size, count) = (out.len() as u32, directory.len() as u32, parts.len() as u16);
    out.extend(directory);
    out.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count.to_le_bytes()[..],
            &count.to_le_bytes(),
            &size.to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    out
}

#[test]
fn workbooks_give_stored_values_and_report_errors() {
    let cell = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let rows = [
        format!("<row r=\"2\">{}{}{}</row>", cell("A2", "标题"), cell("B2", "正文"), cell("C2", "版本")),
        format!(
            "<row r=\"3\">{}<c r=\"B3\" t=\"str\"><f>A1&amp;\"x\"</f><v>算出的值</v></c><c r=\"C3\"><v>8</v></c></row>",
            cell("A3", "甲")
        ),
        format!("<row r=\"5\">{}<c r=\"B5\" t=\"e\"><v>#DIV/0!</v></c></row>", cell("A5", "乙")),
        format!("<row r=\"6\">{}{}</row>", cell("A6", "丙"), cell("B6", "b")),
    ];
    let seen = read_bytes("a.xlsx", &workbook(&rows.concat()));
    assert_eq!(seen, ["甲", "!5: the cell under `body` holds the error #DIV/0!", "丙"]);
}

#[test]
fn folders_are_read_in_order_without_hidden_ones_and_loops() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["b/x.md", "a.md", "b/a/y.MD", ".git/z.md", "node_modules/p/z.md", "words/w.md", "README.md"]
    {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("# {name}\n\n正文\n")).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
    assert_eq!(read(root).unwrap(), ["README.md", "a.md", "b/a/y.MD", "b/x.md", "words/w.md"]);
    let mut titles = Vec::new();
    let outcome = read_kb(root, &mut |read| {
        titles.push(read.place.to_string());
        ControlFlow::Continue(())
    });
    assert_eq!((outcome.unwrap().cases, titles.len()), (3, 3));
    assert_eq!(read_kb(&root.join("none"), &mut |_| ControlFlow::Break(())).unwrap(), Outcome::default());
}

#[test]
fn the_sink_can_stop() {
    let (_folder, path) = file("a.jsonl", TWO.as_bytes());
    let outcome = read_path(&path, &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!((outcome.cases, outcome.stopped), (1, true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "[\"',\n\t标题内容a{}\\[\\]:-]{0,60}") {
        for name in ["a.jsonl", "a.jsonl.zst", "a.jsonl.gz", "a.csv", "a.tsv", "a.xlsx", "a.md"] {
            for content in [bytes.clone(), text.clone().into_bytes(), [b"title,body\n", text.as_bytes()].concat()] {
                let (_folder, path) = file(name, &content);
                let _ = read(&path);
            }
        }
    }
}

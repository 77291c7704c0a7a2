//! Recognises images by their first bytes ([P19](crate::protocol#p19)). Only the beginning of a
//! file is examined, never its end.
//!
//! No crate fits: `infer` and `image` decide by two to four bytes, which may also begin a text, and
//! they cannot request more bytes.

use super::ImageFormat;

/// The result of [`sniff`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    Image(ImageFormat),
    /// Possibly the beginning of this format. More bytes are needed to decide.
    Beginning(ImageFormat),
    Nothing,
}

/// The number of bytes that suffice for all formats: the second marker of a JPEG can be 64 KiB
/// after the first one.
pub(crate) const FIRST: usize = 66 * 1024;
/// The number of bytes that suffice for all formats except JPEG and HEIF.
pub(crate) const SHORT: usize = 24;
/// The offset up to which the list of brands of a HEIF file is examined.
const BRANDS_END: usize = 4096;

/// All brands of HEIF and AVIF files: the brands of ISO/IEC 23008-12 by codec, and of MIAF.
const BRANDS: [&[u8; 4]; 29] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"mif3", b"msf1", b"avif", b"avis", b"avio", b"avci", b"avcs", b"jpeg", b"jpgs", b"j2ki",
    b"j2is", b"vvic", b"vvis", b"evbi", b"evbs", b"miaf", b"MA1A", b"MA1B", b"1pic",
];

pub(crate) fn sniff(first: &[u8]) -> Sniffed {
    let format = match first {
        [0xff, 0xd8, ..] => return jpeg(first),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => return heif(first),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] if is_image_header(rest) => {
            ImageFormat::Png
        }
        // The signature is followed by a logical screen.
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', _, _, _, _, _, _, _, ..] => ImageFormat::Gif,
        [b'B', b'M', ..] if is_bitmap(first) => ImageFormat::Bmp,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ImageFormat::Webp,
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => ImageFormat::Tiff,
        _ => return Sniffed::Nothing,
    };
    Sniffed::Image(format)
}

/// Expects SOI and two markers. The length of the first segment determines where the second is.
fn jpeg(first: &[u8]) -> Sniffed {
    let mut rest = &first[2..];
    for segment in 0..2 {
        // Any number of fill bytes may precede a marker.
        let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
        rest = match &rest[fill..] {
            [] if first.len() < FIRST => return Sniffed::Beginning(ImageFormat::Jpeg),
            [0xd9, ..] if fill > 0 && segment == 1 => break,
            [0xc0..=0xcf | 0xda..=0xfe, after @ ..] if fill > 0 => match after {
                [high, low, ..] => {
                    let len = usize::from(u16::from_be_bytes([*high, *low]));
                    match after.get(len..) {
                        _ if len < 2 => return Sniffed::Nothing,
                        Some(rest) => rest,
                        None if segment == 1 => break,
                        None => return Sniffed::Beginning(ImageFormat::Jpeg),
                    }
                }
                _ => return Sniffed::Beginning(ImageFormat::Jpeg),
            },
            _ => return Sniffed::Nothing,
        };
    }
    Sniffed::Image(ImageFormat::Jpeg)
}

/// Returns whether this is an IHDR chunk with a width and a height.
fn is_image_header(rest: &[u8]) -> bool {
    matches!(rest, [0, 0, 0, 13, b'I', b'H', b'D', b'R', size @ ..]
        if size.len() >= 8 && size[..4] != [0; 4] && size[4..8] != [0; 4])
}

/// Returns whether this is a BMP. Its two letters are not enough, so the size of the next header is
/// checked too.
fn is_bitmap(first: &[u8]) -> bool {
    let size =
        first.get(14..18).map(|size| [size[0], size[1], size[2], size[3]]).map(u32::from_le_bytes);
    matches!(size, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// Expects the brand of an image, as the major brand or as a compatible one.
fn heif(first: &[u8]) -> Sniffed {
    let size = u32::from_be_bytes([first[0], first[1], first[2], first[3]]) as usize;
    let end = size.min(BRANDS_END);
    let is_brand = |brand: &[u8]| BRANDS.iter().any(|known| *known == brand);
    let compatible = first.get(16..end.min(first.len())).unwrap_or_default();
    if first.get(8..12).is_some_and(is_brand) || compatible.chunks_exact(4).any(is_brand) {
        Sniffed::Image(ImageFormat::Heif)
    } else if first.len() < end.max(12) {
        Sniffed::Beginning(ImageFormat::Heif)
    } else {
        Sniffed::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: [(&[u8], ImageFormat); 5] = [
        (include_bytes!("../../../tests/pictures/tiny.jpg"), ImageFormat::Jpeg),
        (include_bytes!("../../../tests/pictures/tiny.png"), ImageFormat::Png),
        (include_bytes!("../../../tests/pictures/tiny.gif"), ImageFormat::Gif),
        (include_bytes!("../../../tests/pictures/tiny.bmp"), ImageFormat::Bmp),
        (include_bytes!("../../../tests/pictures/tiny.webp"), ImageFormat::Webp),
    ];

    fn segment(code: u8, len: usize) -> Vec<u8> {
        let len = u16::try_from(len + 2).unwrap();
        [&[0xff, code][..], &len.to_be_bytes(), &vec![b'x'; usize::from(len) - 2]].concat()
    }

    #[test]
    fn p19_real_images_are_known_by_their_beginning_alone() {
        for (bytes, format) in IMAGES {
            assert_eq!(sniff(bytes), Sniffed::Image(format));
            let known = (0..=bytes.len())
                .find(|len| sniff(&bytes[..*len]) == Sniffed::Image(format))
                .unwrap();
            assert!(known <= SHORT, "{format}: {known}");
            for len in known..bytes.len() {
                assert_eq!(sniff(&bytes[..len]), Sniffed::Image(format), "{format}: {len}");
            }
        }
    }

    #[test]
    fn a_jpeg_is_soi_and_two_markers() {
        let jpeg = |segments: &[Vec<u8>]| sniff(&[&[0xff, 0xd8][..], &segments.concat()].concat());
        let good = Sniffed::Image(ImageFormat::Jpeg);
        for code in [0xc0, 0xc4, 0xdb, 0xdd, 0xe0, 0xe1, 0xee, 0xfe] {
            assert_eq!(jpeg(&[segment(code, 14), segment(0xdb, 65)]), good, "{code:x}");
            assert_eq!(jpeg(&[segment(code, 0), segment(code, 0)]), good, "{code:x}");
        }
        // The largest first segment, fill bytes, a scan that continues, and an end marker.
        assert_eq!(jpeg(&[segment(0xe1, 65_533), segment(0xe0, 1)]), good);
        assert_eq!(jpeg(&[vec![0xff; 3], segment(0xe1, 7), vec![0xff], segment(0xe0, 1)]), good);
        assert_eq!(jpeg(&[segment(0xdb, 65), vec![0xff, 0xda, 0, 12]]), good);
        assert_eq!(jpeg(&[segment(0xe0, 14), vec![0xff, 0xd9]]), good);
        for begun in
            [&b""[..], b"\xff", b"\xff\xe0", b"\xff\xe0\0", b"\xff\xe0\0\x10JF", b"\xff\xe0\0\x03x"]
        {
            assert_eq!(
                jpeg(&[begun.to_vec()]),
                Sniffed::Beginning(ImageFormat::Jpeg),
                "{begun:x?}"
            );
            assert_eq!(
                ImageFormat::from_first_bytes(&[b"\xff\xd8", begun].concat()),
                None,
                "{begun:x?}"
            );
        }
        let odd: [&[u8]; 12] = [
            b"\xff\xd9",
            b"\xff\xd8\xff\xd8",
            b"\xff\0\0\x04ab\xff\xdb\0\x02",
            b"\xff and then some text",
            b"\xff\xe0\0\x01\xff\xe0\0\x02",
            b"\xff\xe0\0\0\xff\xe0\0\x02",
            b"\xff\xe0\0\x02\xff\xe0\0\x01",
            b"\xff\xe0\0\x02\xff\xe0\0\0",
            b"\xff\xe0\0\x04abcd",
            b"\xff\xe0\0\x04ab\xff\xd0",
            b"\xff\xe0\0\x04ab\xdb\0\x02",
            b"\xe0\0\x02\xff\xe0\0\x02",
        ];
        for odd in odd {
            assert_eq!(jpeg(&[odd.to_vec()]), Sniffed::Nothing, "{odd:x?}");
        }
        assert_eq!(jpeg(&[vec![0xff; FIRST]]), Sniffed::Nothing, "fill bytes without end");
    }

    #[test]
    fn a_png_has_a_header_with_sizes() {
        let png = |rest: &[u8]| sniff(&[b"\x89PNG\r\n\x1a\n", rest].concat());
        assert_eq!(png(b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\x01\0"), Sniffed::Image(ImageFormat::Png));
        for odd in [
            &b""[..],
            b"\0\0\0\x0dIHDR",
            b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\0",
            b"\0\0\0\x0dIHDR\0\0\0\0\0\0\0\x01",
            b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\0",
            b"\0\0\0\x0dIDAT\0\0\0\x01\0\0\0\x01",
            b"\0\0\0\x0cIHDR\0\0\0\x01\0\0\0\x01",
        ] {
            assert_eq!(png(odd), Sniffed::Nothing, "{odd:x?}");
        }
    }

    #[test]
    fn a_gif_has_a_screen_and_a_bmp_a_header_that_exists() {
        assert_eq!(sniff(b"GIF89a\x01\0\x01\0\0\0\0"), Sniffed::Image(ImageFormat::Gif));
        for odd in ["GIF89a", "GIF89a......", "GIF88a.......", "GIF is a format"] {
            assert_eq!(sniff(odd.as_bytes()), Sniffed::Nothing, "{odd}");
        }
        let bmp =
            |size: u32| sniff(&[b"BM\x99\0\0\0ab\0\0\x36\0\0\0", &size.to_le_bytes()[..]].concat());
        for size in 0..200 {
            let exists = [12, 16, 40, 52, 56, 64, 108, 124].contains(&size);
            assert_eq!(bmp(size) == Sniffed::Image(ImageFormat::Bmp), exists, "{size}");
        }
        assert_eq!(sniff(b"BMW is a maker of cars"), Sniffed::Nothing);
    }

    #[test]
    fn heif_and_avif_by_all_their_brands() {
        let file = |brands: &str| {
            let size = u32::try_from(8 + brands.len()).unwrap();
            [&size.to_be_bytes()[..], b"ftyp", brands.as_bytes(), b"\0\0\0\x08meta"].concat()
        };
        let good = Sniffed::Image(ImageFormat::Heif);
        let brands = "heic heix heim heis hevc hevx hevm hevs mif1 mif2 mif3 msf1 avif avis avio \
         avci avcs \
                      jpeg jpgs j2ki j2is vvic vvis evbi evbs miaf MA1A MA1B 1pic";
        assert_eq!(brands.split(' ').count(), BRANDS.len());
        for brand in brands.split(' ') {
            assert_eq!(sniff(&file(brand)), good, "{brand}");
            assert_eq!(sniff(&file(&format!("xxxx0000isom{brand}"))), good, "{brand}");
        }
        for odd in ["isom0200isomiso2avc1mp41", "qt  0000qt  ", "M4A 0000", "0000mif1", "xxxxheic"]
        {
            assert_eq!(sniff(&file(odd)), Sniffed::Nothing, "{odd}");
        }
        // Neither the minor version nor anything after the box is a brand.
        assert_eq!(sniff(b"\0\0\0\x10ftypisom\0\0\0\0heicheic"), Sniffed::Nothing);
        assert_eq!(sniff(&file("xxxx0000isomheic")[..20]), Sniffed::Beginning(ImageFormat::Heif));
        assert_eq!(
            sniff(&[b"\xff\xff\xff\xffftypisom", &[b' '; 5000][..]].concat()),
            Sniffed::Nothing
        );
    }
}

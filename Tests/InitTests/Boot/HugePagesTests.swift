import Testing

@testable import Init

@Suite("Huge pages")
struct HugePagesTests {
    @Test("the choice in force is the word in brackets")
    func choice() {
        equal(HugePages.choice(in: "[always] madvise never"), "always")
        equal(HugePages.choice(in: "always [madvise] never"), "madvise")
        equal(HugePages.choice(in: "always madvise [never]"), "never")
        equal(HugePages.choice(in: "always madvise never"), nil)
        equal(HugePages.choice(in: "[]"), "")
        equal(HugePages.choice(in: "["), nil)
        equal(HugePages.choice(in: ""), nil)
    }
}

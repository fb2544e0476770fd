import Inventory

/// A management controller's user and password, read when they are used and kept nowhere.
struct BMCCredentials: Sendable {
    let user: String
    let password: String

    /// - Throws: `PowerFailure`, never with the secret in it.
    static func read(_ reference: SecretReference?, for machine: String) async throws -> BMCCredentials {
        guard let reference else { throw PowerFailure("it has no `credentials:`") }
        let text: String
        do {
            text = try await SecretReader().read(reference, named: "bmc.credentials", for: machine)
        } catch let failure as SecretReader.Failure {
            throw PowerFailure("\(failure)")
        }
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
            throw PowerFailure("the secret 'bmc.credentials' (\(reference)) is not of the form user:password")
        }
        return BMCCredentials(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }

    /// Text from outside, which may repeat what it was told.
    func hiding(_ text: String) -> String {
        password.isEmpty ? text : text.replacing(password, with: "***")
    }
}

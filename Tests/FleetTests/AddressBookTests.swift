import PXE
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

@Suite("Whose an address is")
struct AddressBookTests {
    private let now = Moment.now()

    private func book(_ neighbour: MACAddress? = nil) -> AddressBook {
        AddressBook(trusted: []) { _ in neighbour.map(Neighbour.card) ?? .beyond }
    }

    @Test("A lease says so until it is over; then the link is asked")
    func leases() {
        let book = book(mac(2))
        book.record([Lease(address: peer(1), mac: mac(1), expiry: now.wall + .seconds(60))])
        #expect(book.mac(of: peer(1), now: now) == mac(1))
        #expect(book.mac(of: peer(1), now: now + .seconds(59)) == mac(1))
        #expect(book.mac(of: peer(1), now: now + .seconds(60)) == mac(2))
    }

    @Test("A lease that was given back or declined says nothing", arguments: [Lease.State.released, .declined])
    func ended(state: Lease.State) {
        let book = book()
        book.record([Lease(address: peer(1), mac: mac(1), expiry: now.wall + .seconds(60))])
        book.record([Lease(address: peer(1), mac: mac(1), state: state, expiry: now.wall + .seconds(60))])
        #expect(book.mac(of: peer(1), now: now) == nil && book.address(of: mac(1)) == nil)
    }

    @Test("What the link said counts for half a minute, that it said nothing for a moment")
    func neighbours() {
        let link = Mutex<MACAddress?>(nil)
        let book = AddressBook(trusted: []) { _ in link.withLock { $0.map(Neighbour.card) ?? .silent } }
        #expect(book.mac(of: peer(1), now: now) == nil)
        link.withLock { $0 = mac(1) }
        #expect(book.mac(of: peer(1), now: now + .milliseconds(199)) == nil)
        #expect(book.mac(of: peer(1), now: now + .milliseconds(200)) == mac(1))
        link.withLock { $0 = mac(2) }
        #expect(book.mac(of: peer(1), now: now + .seconds(30)) == mac(1))
        #expect(book.mac(of: peer(1), now: now + .seconds(31)) == mac(2))
    }

    @Test("What a relay passed on counts for a day, where nobody else knows")
    func relayed() {
        let book = book()
        book.recordRelayed(peer(1), mac: mac(1), now: now)
        #expect(book.mac(of: peer(1), now: now) == mac(1))
        #expect(book.mac(of: peer(1), now: now + .seconds(86_399)) == mac(1))
        #expect(book.mac(of: peer(1), now: now + .seconds(86_401)) == nil)
    }

    @Test("What one machine alone may have goes where the link says, at this moment, whatever is leased")
    func recipients() {
        let link = Mutex(Neighbour.card(mac(1)))
        let book = AddressBook(trusted: []) { _ in link.withLock { $0 } }
        book.record([Lease(address: peer(1), mac: mac(1), expiry: now.wall + .seconds(60))])
        #expect(book.recipient(at: peer(1), now: now) == .card(mac(1)))
        for taken in [Neighbour.card(mac(2)), .silent] {
            link.withLock { $0 = taken }
            #expect(book.recipient(at: peer(1), now: now) == taken)
            #expect(book.mac(of: peer(1), now: now) == mac(1))
        }
        link.withLock { $0 = .beyond }
        #expect(book.recipient(at: peer(1), now: now) == .card(mac(1)))
        #expect(book.recipient(at: peer(1), now: now + .seconds(60)) == .beyond)
        book.recordRelayed(peer(1), mac: mac(3), now: now)
        #expect(book.recipient(at: peer(1), now: now + .seconds(60)) == .card(mac(3)))
    }
}
